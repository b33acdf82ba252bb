"""Whole networks of nonlinear cells: against the nodal Newton tile by tile, ngspice, and the gate."""

import shlex

import numpy as np
import pytest
import torch
from torch import nn

from xbarsim.circuit import build_circuit
from xbarsim.errors import OutOfValidatedRangeError, ParameterError
from xbarsim.hardware import AdcParams, ReadParams, layer_summaries, load_setup, to_crossbar
from xbarsim.hardware.spikes import SpikesOnly
from xbarsim.mapping import DriverParams, MappingSpec, program_layer
from xbarsim.network import LIF, NeuronParams
from xbarsim.parameters import (
    CrossbarParams,
    EffectParams,
    PolynomialCell,
    RelativeDeviation,
    SinhCell,
    SubcircuitCell,
    TopologyParams,
    TransistorCell,
    load_crossbar,
)
from xbarsim.reference import solve_circuit
from xbarsim.validation import ValidationCase, find_record, validate

CROSSBAR = CrossbarParams(
    rows=7, cols=5, r_driver=300.0, r_wire_row=7.0, r_wire_col=20.0, r_sense=900.0
)
SINH = SinhCell(v0=0.25)
BENT = PolynomialCell(a2=0.8, a3=2.0)
STATIC = ReadParams(ir_drop="nonlinear_static", cell=SINH, v_read=0.3)
PULSES = DriverParams(levels=5, signed="two_phase", coding="width")


@pytest.fixture
def exact(device):
    return device.replace(sigma=0.0)


@pytest.fixture
def layer():
    torch.manual_seed(6)
    return nn.Linear(17, 11)


def spikes(*shape, density=0.4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(shape, generator=generator) < density).float()


def on_tiles(layer, device, reading, **fields):
    network = to_crossbar(
        nn.Sequential(layer), CROSSBAR, device, allow_unvalidated=True, reading=reading,
        mapping=MappingSpec(**{"gain": "none", **fields}),
    )  # fmt: skip
    return network[0]


def by_newton(layer, device, reading, x):
    """Every tile and pattern by the nodal Newton: [image, feature] to outputs, bias included."""
    programmed = program_layer(
        layer.weight.detach().double().numpy(), CROSSBAR, device, MappingSpec(), lambda g: g
    )
    silent = reading.silent_rows if reading.ir_drop == "activity" else "grounded"
    topology, out = TopologyParams(silent=silent), np.zeros((len(x), 15))
    padded = np.pad(x, ((0, 0), (0, 4)))
    for tile in range(9):
        down, across = divmod(tile, 3)
        pattern = padded[:, 7 * down : 7 * down + 7] != 0
        for image, active in enumerate(pattern):
            if not active.any():
                continue
            pair = [
                solve_circuit(
                    build_circuit(g, CROSSBAR, cell=reading.cell, topology=topology, active=active),
                    reading.v_read * active,
                ).i_col[0]
                for g in programmed.conductance[:, 0, tile]
            ]
            out[image, 5 * across : 5 * across + 5] += pair[0] - pair[1]
    unit = programmed.unit.item() / reading.v_read
    return out[:, :11] * unit + layer.bias.detach().numpy()


@pytest.mark.parametrize("cell", [SINH, BENT, TransistorCell(v_gate=1.0)], ids=lambda c: c.kind)
def test_merged_weights_are_what_newton_finds_tile_by_tile(layer, exact, cell):
    reading = STATIC.replace(cell=cell)
    hardware, x = on_tiles(layer, exact, reading), spikes(6, 17)
    assert isinstance(hardware, SpikesOnly)
    assert isinstance(hardware.layer, nn.Linear)
    wanted = by_newton(layer, exact, reading, x.numpy())
    scale = np.abs(wanted).max()
    error = np.abs(hardware(x).detach().numpy() - wanted).max()
    linear = on_tiles(layer, exact, ReadParams())(x).detach().numpy()
    assert error < 0.03 * scale
    assert error < np.abs(linear - wanted).max() / 2


@pytest.mark.parametrize("silent", ["gated", "floating"])
@pytest.mark.parametrize("coding", ["amplitude", "width"])
def test_silent_rows_are_followed_pattern_by_pattern(layer, exact, silent, coding):
    reading = ReadParams(ir_drop="activity", silent_rows=silent, cell=BENT, v_read=0.3)
    driver = PULSES if coding == "width" else DriverParams()
    hardware = on_tiles(layer, exact, reading, driver=driver)
    if coding == "amplitude":
        x = spikes(5, 17)
        wanted = by_newton(layer, exact, reading, x.numpy())
    else:
        levels = torch.randint(0, 5, (3, 17), generator=torch.Generator().manual_seed(1))
        x = levels / 4
        parts = [by_newton(layer, exact, reading, (levels >= k).numpy()) for k in (1, 2, 3, 4)]
        wanted = np.mean(parts, axis=0)
    found = hardware(x).detach().numpy()
    np.testing.assert_allclose(found, wanted, rtol=0, atol=0.01 * np.abs(wanted).max())


def test_a_small_voltage_leaves_linear_cells(layer, exact):
    """Whatever the law, its slope at 0 V is the conductance."""
    for nonlinear, linear in (
        (STATIC, ReadParams()),
        (ReadParams(ir_drop="activity", cell=SINH), ReadParams(ir_drop="activity")),
    ):
        found = on_tiles(layer, exact, nonlinear.replace(v_read=1e-4))
        plain = on_tiles(layer, exact, linear)
        x = spikes(8, 17, seed=2)
        torch.testing.assert_close(found(x), plain(x), rtol=0, atol=2e-5)
    bent = on_tiles(layer, exact, STATIC)
    assert float((bent(x) - plain(x)).detach().abs().max()) > 1e-2


def test_sizes_are_means_over_the_read_and_signs_are_phases(layer, exact):
    static = on_tiles(layer, exact, STATIC, driver=PULSES)
    active = on_tiles(
        layer, exact, ReadParams(ir_drop="activity", cell=SINH, v_read=0.3), driver=PULSES
    )
    x = torch.randint(-4, 5, (4, 17), generator=torch.Generator().manual_seed(3)) / 4
    for read in (static, active):
        rest = read(torch.zeros(1, 17))
        torch.testing.assert_close(rest[0], layer.bias)
        parts = [
            sign * (read((sign * x >= k / 4).float()) - rest)
            for k in (1, 2, 3, 4)
            for sign in (1, -1)
        ]
        torch.testing.assert_close(read(x) - rest, sum(parts) / 4, rtol=1e-4, atol=1e-5)


@pytest.fixture
def pooled():
    torch.manual_seed(7)
    return nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1, bias=False),
        LIF(NeuronParams(leak=0.8, threshold=0.2, reset="zero")),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(12, 6, bias=False),
        LIF(NeuronParams(leak=0.7, threshold=0.2, reset="subtract")),
        nn.Linear(6, 3),
    )


def test_layers_behind_pools_are_refused_by_name_or_read_as_pulses(pooled, device):
    def put(**options):
        return to_crossbar(
            pooled, CROSSBAR, device, allow_unvalidated=True, reading=STATIC, **options
        )

    with pytest.raises(ParameterError, match=r"layer '4' gets inputs of 5 levels.*coding 'width'"):
        put()
    with pytest.raises(ParameterError, match="layer '0' gets inputs of any size"):
        put(encoder="direct", mapping=MappingSpec(driver=DriverParams(signed="two_phase")))
    with pytest.raises(ParameterError, match=r"layer '0' gets signed inputs.*two_phase"):
        put(encoder="ternary", mapping=MappingSpec(driver=PULSES.replace(signed="bipolar")))
    hardware = put(encoder="ternary", mapping=MappingSpec(driver=PULSES))
    assert isinstance(hardware[4], nn.Linear)
    assert all(0 < layer.fit_error < 0.1 for layer in layer_summaries(hardware))
    kept = put(mapping=MappingSpec(digital=("4",)))
    assert torch.equal(kept[4].weight, pooled[4].weight)


def test_what_no_model_speaks_for_is_refused(layer, device, tmp_path):
    with pytest.raises(ParameterError, match="ir_drop is 'exact' but cells are sinh"):
        ReadParams(cell=SINH)
    with pytest.raises(ParameterError, match="v_read is 0 V"):
        STATIC.replace(v_read=0.0)
    with pytest.raises(ParameterError, match="the cells are linear; say their law"):
        on_tiles(layer, device, ReadParams(ir_drop="nonlinear_static"))
    own = SubcircuitCell(path=tmp_path / "x.lib", subckt="x")
    with pytest.raises(ParameterError, match="only ngspice can solve them"):
        on_tiles(layer, device, STATIC.replace(cell=own))
    hardware = on_tiles(layer, device, STATIC)
    with pytest.raises(ParameterError, match=r"an input of 0\.5, not 0 or 1"):
        hardware(torch.full((1, 17), 0.5))
    with pytest.raises(ParameterError, match="an input of -1"):
        hardware(-torch.ones(1, 17))
    noise = EffectParams(read_noise=RelativeDeviation(sigma=0.05))
    with pytest.raises(ParameterError, match="'nonlinear_static' are both asked for"):
        to_crossbar(
            nn.Sequential(layer), CROSSBAR, device, allow_unvalidated=True, reading=STATIC,
            effects=noise,
        )  # fmt: skip
    active = ReadParams(ir_drop="activity", cell=SINH)
    with pytest.raises(ParameterError, match="no levels"):
        on_tiles(layer, device, active, driver=DriverParams(coding="width"))
    with pytest.raises(ParameterError, match="before any converter"):
        on_tiles(layer, device, active.replace(adc=AdcParams(bits=6)), driver=PULSES)


def test_spikes_of_a_dac_with_two_levels_are_spikes(layer, device):
    driver = DriverParams(levels=2, full_scale=0.8, rounding=True)
    hardware = on_tiles(layer, device, STATIC, driver=driver)
    x = torch.rand(3, 17, generator=torch.Generator().manual_seed(1))
    plain = on_tiles(layer, device, STATIC)
    bias = layer.bias
    torch.testing.assert_close(hardware(x) - bias, 0.8 * (plain((x > 0.4).float()) - bias))


def test_a_setup_says_cells_and_voltage(tmp_path):
    path = tmp_path / "setup.toml"
    path.write_text(
        "[mapping.driver]\nlevels = 5\ncoding = 'width'\nsigned = 'refused'\n"
        "[reading]\nir_drop = 'nonlinear_static'\nv_read = 0.3\n"
        "[reading.cell]\nkind = 'table'\nv = [-0.5, 0.0, 0.5]\nu = [-0.7, 0.0, 0.6]\n"
    )
    setup = load_setup(path)
    assert setup.reading.v_read == 0.3
    assert setup.reading.cell.u == (-0.7, 0.0, 0.6)
    assert setup.mapping.driver.coding == "width"


TINY = ValidationCase(
    name="tiny", changes={"v_read": 0.25}, cell=SINH, sizes=((7, 5),), circuits=2, vectors=4,
    approximate=0.2, statistics=("wide", "uniform"), spread=4.0, densities=(0.3, 0.6),
)  # fmt: skip


@pytest.fixture(scope="module")
def record():
    return validate(TINY)


@pytest.mark.spice
def test_a_record_licenses_this_cell_this_model_and_this_voltage(layer, device, record, tmp_path):
    crossbar = load_crossbar("bhattacharjee2022", rows=7, cols=5)
    reading = STATIC.replace(v_read=0.25)
    path = tmp_path / "tiny.json"
    record.save(path)

    def put(reading, **options):
        network = to_crossbar(nn.Sequential(layer), crossbar, device, reading=reading, **options)
        return {summary.validated for summary in layer_summaries(network)}

    for given in (record, path, tmp_path):
        assert put(reading, record=given) == {"tiny"}
        with pytest.raises(OutOfValidatedRangeError) as stopped:
            put(reading.replace(v_read=0.2), record=given)
        words = str(stopped.value)
        assert "v_read is 0.2 V; covered: 0.25 to 0.25 V" in words
        command = shlex.split(words.split("\n")[1])
        assert "v_read=0.2" in command
        assert 'cell={kind = "sinh", v0 = 0.25}' in command
        other = reading.replace(cell=SinhCell(v0=0.24))
        with pytest.raises(OutOfValidatedRangeError, match=r"cell is sinh v0=0\.24; covered: sinh"):
            put(other, record=given)
        assert put(other, record=given, allow_unvalidated=True) == {"unvalidated"}
        gated = reading.replace(ir_drop="activity")
        with pytest.raises(OutOfValidatedRangeError, match=r"silent=gated; covered: the plain"):
            put(gated, record=given)
    with pytest.raises(OutOfValidatedRangeError, match=r"--set v_read=0\.25"):
        put(reading)
    assert put(reading, allow_unvalidated=True) == {"unvalidated"}


def test_the_shipped_record_licenses_its_sinh_cells_only(device):
    spoken = {"model": "nonlinear_static", "cell": SINH, "v_read": 0.25}
    for side in (32, 64):
        crossbar = load_crossbar("bhattacharjee2022", rows=side, cols=side)
        assert find_record(crossbar, device, **spoken).record.case == "sinh-grounded"
    small = load_crossbar("bhattacharjee2022", rows=16, cols=16)
    with pytest.raises(OutOfValidatedRangeError, match="rows is 16; covered: 32 to 64"):
        find_record(small, device, **spoken)
    with pytest.raises(OutOfValidatedRangeError, match="model 'exact' did not pass"):
        find_record(crossbar, device, cell=SINH)
