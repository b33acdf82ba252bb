"""Every way of writing weights gives them back when nothing is lost, and loses what it must."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xbarsim.errors import ParameterError
from xbarsim.mapping import DriverParams, MappingSpec, plan_layer, program_layer, read_layer
from xbarsim.mapping.matrix import blocks_to_weight, weight_to_blocks
from xbarsim.mapping.order import place_loss
from xbarsim.mapping.scheme import read_tiles, sides_of, write_tiles
from xbarsim.parameters import CrossbarParams

NO_WIRES = CrossbarParams(rows=8, cols=5, r_driver=0, r_wire_row=0, r_wire_col=0, r_sense=0)


def through(weight, device, crossbar=NO_WIRES, groups=1, **fields):
    spec = MappingSpec(gain="none", **fields)
    programmed = program_layer(weight, crossbar, device, spec, lambda g: g, groups=groups)
    return programmed, read_layer(programmed, crossbar, gain="none", spec=spec).weight


@pytest.mark.parametrize("unrolling", ["im2col", "position"])
@pytest.mark.parametrize("scheme", ["differential", "offset"])
@pytest.mark.parametrize("scale", ["layer", "tile"])
@pytest.mark.parametrize("order", ["natural", "strong_near"])
def test_analog_cells_without_wires_give_the_weights_back(
    device, draw, unrolling, scheme, scale, order
):
    weight = draw.normal(size=(6, 3, 3, 2))
    _, found = through(weight, device, unrolling=unrolling, scheme=scheme, scale=scale, order=order)
    np.testing.assert_allclose(found, weight, atol=1e-12)


@pytest.mark.parametrize("scheme", ["differential", "offset"])
@pytest.mark.parametrize(("bits", "slices"), [(1, 4), (2, 2), (4, 1), (2, 4)])
def test_sliced_cells_round_to_the_nearest_code(device, draw, scheme, bits, slices):
    weight = draw.normal(size=(4, 10))
    programmed, found = through(weight, device, scheme=scheme, bits_per_cell=bits, slices=slices)
    top = 2 ** (bits * slices) - (2 if scheme == "offset" else 1)
    step = np.abs(weight).max() * (2 if scheme == "offset" else 1) / top
    assert np.abs(found - weight).max() <= 0.5 * step * (1 + 1e-9)
    np.testing.assert_allclose(found / step, np.rint(found / step), atol=1e-6)
    levels = np.unique(np.round(programmed.conductance / device.g_max, 9))
    assert len(levels) <= 2**bits
    assert programmed.conductance.shape[1] == slices


def test_proportional_cells_lose_what_lies_below_the_lowest_conductance(device):
    weight = np.array([[1.0, 0.05, -0.5, 0.07]])
    _, floored = through(weight, device, scheme="proportional")
    np.testing.assert_allclose(floored, [[0.9, 0.0, -0.4, 0.0]], atol=1e-12)
    _, opened = through(weight, device, scheme="proportional", unused="open")
    np.testing.assert_allclose(opened, [[1.0, 0.1, -0.5, 0.1]], atol=1e-12)


def test_an_offset_spends_one_column_and_holds_zero_in_it(device, draw):
    weight = draw.normal(size=(9, 8))
    programmed, _ = through(weight, device, scheme="offset")
    assert programmed.plan.block.tile_shape == (8, 4)
    assert programmed.conductance.shape == (1, 1, 3, 8, 5)
    middle = (device.g_min + device.g_max) / 2
    np.testing.assert_allclose(programmed.conductance[..., -1], middle)
    assert (programmed.conductance[0, 0, 2, :, 1:4] == device.g_min).all()


def test_unused_cells_can_be_open(device, draw):
    programmed, _ = through(draw.normal(size=(3, 6)), device, unused="open")
    assert (programmed.conductance[..., 6:, :] == 0).all()
    assert (programmed.conductance[..., :6, :3] >= device.g_min).all()


def test_a_scale_per_tile_uses_the_whole_range_of_each(device):
    weights = np.stack([np.full((2, 2), 0.5), np.full((2, 2), -4.0)])
    written = write_tiles(weights, np.ones_like(weights), MappingSpec(scale="tile"), device)
    np.testing.assert_allclose(written.conductance.max(axis=(0, 1, 3, 4)), device.g_max)
    sides = sides_of(written.conductance, MappingSpec())
    np.testing.assert_allclose(read_tiles(sides, written.unit), weights)


@given(
    groups=st.integers(1, 3), out=st.integers(1, 3), inputs=st.integers(1, 4),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 2)),
    unrolling=st.sampled_from(["im2col", "position"]),
)  # fmt: skip
def test_blocks_go_back_into_the_weight(groups, out, inputs, kernel, unrolling):
    shape = (groups * out, inputs, *kernel)
    weight = np.arange(1.0, np.prod(shape) + 1).reshape(shape)
    blocks = weight_to_blocks(weight, groups, unrolling)
    assert blocks.shape[0] == groups * (1 if unrolling == "im2col" else kernel[0] * kernel[1])
    np.testing.assert_array_equal(blocks_to_weight(blocks, shape, groups, unrolling), weight)
    plan = plan_layer(shape, (3, 2), MappingSpec(unrolling=unrolling), groups)
    np.testing.assert_array_equal(plan.join(plan.cut(weight)), weight)
    assert plan.used().sum() == weight.size


def test_a_block_per_position_holds_that_position(draw):
    weight = draw.normal(size=(4, 3, 2, 5))
    blocks = weight_to_blocks(weight, groups=2, unrolling="position")
    assert blocks.shape == (20, 3, 2)
    np.testing.assert_array_equal(blocks[10 + 1 * 5 + 3], weight[2:, :, 1, 3].T)


def test_strong_rows_go_where_wires_take_least(device, draw):
    crossbar = CrossbarParams(rows=12, cols=10, r_wire_row=40.0, r_wire_col=60.0)
    weight = draw.standard_t(3, size=(17, 29))
    exact = device.replace(sigma=0.0)
    natural, plain = through(weight, exact, crossbar)
    ordered, placed = through(weight, exact, crossbar, order="strong_near")
    loss = place_loss(crossbar, device)

    def cost(programmed):
        return (programmed.target**2 * loss).sum()

    assert cost(ordered) < 0.8 * cost(natural)
    np.testing.assert_array_equal(np.sort(ordered.plan.row_order[0]), np.arange(29))

    def error(found):
        gain = (found * weight).sum() / (found**2).sum()
        return np.linalg.norm(gain * found - weight)

    assert error(placed) < error(plain)


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"slices": 2}, "analog cells are not sliced"),
        ({"bits_per_cell": 8, "slices": 4}, "make 32 bits"),
        ({"bits_per_cell": 1, "scheme": "offset"}, "at least 2 with an offset"),
        ({"compensated": True, "scheme": "offset"}, "analog differential cells"),
        ({"scheme": "offset", "tile": (4, 1)}, "a second column"),
        ({"scheme": "ofset"}, "scheme is 'ofset'"),
    ],
)
def test_what_does_not_fit_together_is_refused(fields, match):
    with pytest.raises(ParameterError, match=match):
        MappingSpec(**fields)


def test_impossible_drivers_are_refused():
    with pytest.raises(ParameterError, match="at least two levels"):
        DriverParams(levels=1)
    with pytest.raises(ParameterError, match="say how many"):
        DriverParams(rounding=True)
    with pytest.raises(ParameterError, match="no column left"):
        plan_layer((3, 4), (4, 1), MappingSpec(scheme="offset"))
    assert plan_layer((3, 4), (4, 2), MappingSpec(scheme="offset")).block.n_tiles == 3


def test_a_weight_has_at_most_24_bits():
    assert MappingSpec(bits_per_cell=8, slices=3).slices == 3
    with pytest.raises(ParameterError, match="5 cells of 5 bits make 25 bits a weight"):
        MappingSpec(bits_per_cell=5, slices=5)
