"""Fitted models of nonlinear cells against ngspice, on a network's own spikes and pulses."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from xbarsim.cli.app import app
from xbarsim.cosim import CosimParams, cosimulate
from xbarsim.errors import ParameterError
from xbarsim.hardware import AdcParams, ReadParams
from xbarsim.mapping import DriverParams, MappingSpec
from xbarsim.network import LIF, NeuronParams
from xbarsim.parameters import CrossbarParams, DeviceParams, SinhCell, TopologyParams

pytestmark = pytest.mark.spice

CELL = SinhCell(v0=0.25)
STATIC = ReadParams(ir_drop="nonlinear_static", cell=CELL, v_read=0.3)
PULSES = MappingSpec(driver=DriverParams(levels=5, coding="width", signed="two_phase"))
CROSSBAR = CrossbarParams(
    rows=9, cols=5, r_driver=300.0, r_wire_row=7.0, r_wire_col=20.0, r_sense=900.0
)
# The device's own voltage is another one: decks that took it would be far off.
DEVICE = DeviceParams(name="test", g_min=5e-6, g_max=5e-5, sigma=0.1, v_read=0.05)


@pytest.fixture
def network():
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1, bias=False),
        LIF(NeuronParams(leak=0.8, threshold=0.3, reset="zero")),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(12, 7),
        LIF(NeuronParams(leak=0.7, threshold=0.25, reset="subtract")),
        nn.Linear(7, 4, bias=False),
    )


def run(network, reading, **options):
    images = torch.rand(2, 1, 4, 5, generator=torch.Generator().manual_seed(5))
    fields = {"mapping": PULSES, "allow_unvalidated": True, **options}
    return cosimulate(network, images, 3, CROSSBAR, DEVICE, reading=reading, **fields)


def worst(found):
    return {errors.layer: errors.max_error for errors in found.layers}


def test_the_static_model_is_compared_with_its_own_cells_voltage_and_pulses(network):
    sampled = CosimParams(tiles=2, vectors=6)
    static = worst(run(network, STATIC, params=sampled, encoder="ternary"))
    linear = worst(
        run(network, ReadParams(v_read=0.3), cell=CELL, params=sampled, encoder="ternary")
    )
    assert set(static) == {"0", "4", "6"}
    for name, error in static.items():
        assert error < 0.1
        assert error < linear[name] / 2


@pytest.mark.parametrize(("silent", "gain"), [("gated", "column"), ("floating", "bitline")])
def test_the_activity_model_is_compared_with_its_own_silent_rows(network, silent, gain):
    reading = STATIC.replace(ir_drop="activity", silent_rows=silent)
    fields = {"params": CosimParams(tiles=1, vectors=5), "mapping": PULSES.replace(gain=gain)}
    found = worst(run(network, reading, **fields))
    other = worst(run(network, reading, topology=TopologyParams(), **fields))
    assert max(found.values()) < 0.03
    assert max(other.values()) > 2 * max(found.values())


def test_injected_currents_are_ngspices_whatever_the_model(network):
    """Two models, one truth: with all currents replaced both networks say the same."""
    every = CosimParams(mode="inject")
    activity = STATIC.replace(ir_drop="activity")
    plain = TopologyParams()
    fields = {"topology": plain, "params": every}
    fields["mapping"] = PULSES.replace(gain="none")
    one, two = (run(network, reading, **fields) for reading in (STATIC, activity))
    np.testing.assert_allclose(one.spice.logits, two.spice.logits, atol=1e-5)
    assert np.abs(one.fast.logits - two.fast.logits).max() > 1e-3


def test_what_ngspice_cannot_be_compared_with_is_refused(network):
    with pytest.raises(ParameterError, match=r"leave \[reading.adc\] and read noise out"):
        run(network, ReadParams(adc=AdcParams(bits=6)), mapping=MappingSpec())
    with pytest.raises(ParameterError, match="give one"):
        run(network, STATIC, cell=SinhCell(v0=0.3))


def test_the_command_takes_cells_from_the_device_file_and_the_model_by_name(tmp_path, capsys):
    from xbarsim.learning import load_recipe, save_network
    from xbarsim.learning.build import initial_network

    recipe = load_recipe("digits-surrogate").replace(steps=2)
    save_network(initial_network(recipe), recipe, tmp_path / "net.safetensors")
    (tmp_path / "sinh.toml").write_text(
        "[device]\nr_min = 20e3\nr_max = 200e3\nv_read = 0.25\n[cell]\nkind = 'sinh'\nv0 = 0.25\n"
    )
    (tmp_path / "pulses.toml").write_text(
        "[mapping]\ndigital = ['7', '11']\n[mapping.driver]\nlevels = 5\ncoding = 'width'\n"
    )
    (tmp_path / "old.toml").write_text(
        "seconds = 10.0\n[effects.drift]\nkind = 'power'\nnu = 0.1\nt0 = 1.0\n"
    )
    words = ["cosim", str(tmp_path / "net.safetensors"), "--device", str(tmp_path / "sinh.toml")]
    words += ["--images", "1", "--tiles", "1", "--vectors", "3", "--step", "1", "--tile", "32"]
    words += ["--layer", "0", "--layer", "5"]
    static = ["--setup", str(tmp_path / "pulses.toml"), "--model", "nonlinear_static", "--json"]
    for options in (static, ["--allow-unvalidated", "--json"]):
        with pytest.raises(SystemExit) as done:
            app([*words, *options])
        assert done.value.code == 0
    out = capsys.readouterr().out
    first, second = (json.loads("{\n" + part) for part in out.split("{\n", 1)[1].split("\n{\n"))
    errors = [[layer["max_error"] for layer in found["layers"]] for found in (first, second)]
    assert 0 < max(errors[0]) < 0.05
    assert max(errors[1]) > 2 * max(errors[0])
    with pytest.raises(ParameterError, match="the setup has effects"):
        app([*words, "--setup", str(tmp_path / "old.toml")])
