"""Weights survive the way through pairs and tiles; chips differ; gain is least squares."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xbarsim.errors import ParameterError
from xbarsim.mapping import (
    MappingSpec,
    TilePlan,
    chip_generator,
    map_weights,
    program_layer,
    programmed_conductance,
    read_layer,
)
from xbarsim.mapping.gain import bit_line_gains, readout_gain
from xbarsim.mapping.scheme import read_tiles, write_tiles
from xbarsim.parameters import CrossbarParams

NO_WIRES = {"r_driver": 0, "r_wire_row": 0, "r_wire_col": 0, "r_sense": 0}


@given(
    rows=st.integers(1, 20), cols=st.integers(1, 20), height=st.integers(1, 9),
    width=st.integers(1, 9),
)  # fmt: skip
def test_join_is_the_inverse_of_cut(rows, cols, height, width):
    matrix = np.arange(1.0, rows * cols + 1).reshape(rows, cols)
    plan = TilePlan((rows, cols), (height, width))
    tiles = plan.cut(matrix, unused=0.0)
    assert tiles.shape == (plan.n_tiles, height, width)
    assert np.count_nonzero(tiles) == matrix.size
    np.testing.assert_array_equal(plan.join(tiles), matrix)


def test_a_pair_spans_the_range_and_gives_the_weight_back(device, draw):
    weights = draw.normal(size=(2, 6, 4))
    written = write_tiles(weights, np.ones_like(weights), MappingSpec(), device)
    g = written.conductance
    assert g.min() == device.g_min
    assert (g.min(axis=0) == device.g_min).all()
    assert g.max() == pytest.approx(device.g_max)
    assert g.max() <= device.g_max
    np.testing.assert_allclose(read_tiles(g, written.unit), weights, atol=1e-12)


@pytest.mark.parametrize("gain", ["none", "layer", "tile", "column", "bitline"])
def test_without_wires_and_variation_the_weights_come_back(device, draw, gain):
    weight = draw.normal(size=(7, 3, 3, 3))
    crossbar = CrossbarParams(rows=8, cols=4, **NO_WIRES)
    exact = device.replace(sigma=0.0)
    mapped = map_weights(weight, crossbar, exact, chip_generator(0, 0, 0), gain=gain)
    np.testing.assert_allclose(mapped.weight, weight, atol=1e-12)
    assert mapped.raw_gain == pytest.approx(1.0)


def test_wires_shrink_raw_weights_and_a_gain_brings_them_back(device, draw):
    weight = draw.normal(size=(40, 70))
    exact = device.replace(sigma=0.0)
    crossbar = CrossbarParams(rows=32, cols=32)
    raw, calibrated = (
        map_weights(weight, crossbar, exact, chip_generator(0, 0, 0), gain=gain)
        for gain in ("none", "column")
    )
    assert raw.raw_gain > 1.3
    error = np.linalg.norm(calibrated.weight - weight)
    assert error < 0.3 * np.linalg.norm(raw.weight - weight)


def test_column_gain_beats_every_other_scale(draw):
    target = draw.normal(size=(2, 9, 4))
    measured = 0.4 * target + 0.1 * draw.normal(size=target.shape)
    best = readout_gain(target, measured, "column")
    assert best.shape == (2, 1, 4)
    for change in (0.99, 1.01):
        assert ((best * measured - target) ** 2).sum() < (
            (change * best * measured - target) ** 2
        ).sum()
    for gain, shape in (("layer", (1, 1, 1)), ("tile", (2, 1, 1))):
        assert readout_gain(target, measured, gain).shape == shape
    with pytest.raises(ParameterError, match=r"'row'; choose one of none"):
        readout_gain(target, measured, "row")


def test_two_lines_have_the_scales_of_least_squares(draw):
    target = draw.normal(size=(2, 9, 4))
    lines = np.abs(draw.normal(size=(2, *target.shape))) + 0.3
    lines[:, :, 6:] = 0.0  # unused rows
    target[:, 6:] = 0.0
    lines[0] += 3 * np.maximum(target, 0)
    lines[1] += 2 * np.maximum(-target, 0)
    lines[0, 1, :, 2] = 0.0  # a line without current
    lines[1, 0, :, 3] = 2 * lines[0, 0, :, 3]  # lines that say the same
    lines[0, 1, :, 0] *= -1  # a line that would have to be turned round
    found = bit_line_gains(target, lines)
    assert found.shape == (2, 2, 1, 4)
    pair = readout_gain(target, lines[0] - lines[1], "column")
    alike = {(1, 2), (0, 3), (1, 0)}
    for tile in range(2):
        for col in range(4):
            one = lines[:, tile, :, col]
            wanted, *_ = np.linalg.lstsq(np.stack([one[0], -one[1]], 1), target[tile, :, col])
            if (tile, col) in alike:
                wanted = np.full(2, pair[tile, 0, col])
            np.testing.assert_allclose(found[:, tile, 0, col], wanted, rtol=1e-9)
    with pytest.raises(ParameterError, match="use bit_line_gains"):
        readout_gain(target, lines[0], "bitline")


@pytest.mark.parametrize("scheme", ["differential", "offset"])
def test_a_scale_a_bit_line_takes_away_what_unequal_lines_leave(device, draw, scheme):
    weight = np.abs(draw.normal(size=(12, 60))) - 0.2
    crossbar = CrossbarParams(rows=30, cols=13)
    found = {}
    for gain in ("column", "bitline"):
        spec = MappingSpec(gain=gain, scheme=scheme)
        programmed = program_layer(weight, crossbar, device.replace(sigma=0.0), spec, lambda g: g)
        found[gain] = read_layer(programmed, crossbar, gain=gain, spec=spec)
    assert (found["column"].balance == 1).all()
    np.testing.assert_allclose(found["bitline"].balance.mean(axis=0), 1.0)
    error = {gain: (mapped.weight - weight).mean() for gain, mapped in found.items()}
    assert abs(error["bitline"]) < 0.2 * abs(error["column"])
    spread = {gain: np.linalg.norm(mapped.weight - weight) for gain, mapped in found.items()}
    assert spread["bitline"] < 0.8 * spread["column"]


def test_variation_has_the_devices_deviation_and_is_the_chips_own(device):
    weight = np.zeros((200, 300))
    crossbar = CrossbarParams(rows=100, cols=100)

    def chip(seed, number):
        generator = chip_generator(seed, number, 0)
        return programmed_conductance(weight, crossbar, device, generator)[0]

    g = chip(0, 0)
    assert g.std() / g.mean() == pytest.approx(device.sigma, rel=0.01)
    np.testing.assert_array_equal(g, chip(0, 0))
    assert (g != chip(0, 1)).any()
    assert (g != chip(1, 0)).any()
    assert np.corrcoef(g[0].ravel(), g[1].ravel())[0, 1] == pytest.approx(0, abs=0.02)


def test_unused_cells_stay_at_the_lowest_conductance(device):
    weight = np.ones((2, 3))
    exact = device.replace(sigma=0.0)
    g, _ = programmed_conductance(
        weight, CrossbarParams(rows=5, cols=4), exact, chip_generator(0, 0, 0)
    )
    assert (g[:, 0, 3:] == device.g_min).all()
    assert (g[:, 0, :, 2:] == device.g_min).all()
    np.testing.assert_allclose(g[0, 0, :3, :2], device.g_max)
