"""A network with real ngspice inside: what is the same, what differs, and what is refused."""

import numpy as np
import pytest
import torch
from torch import nn

from xbarsim.cosim import CosimParams, cosimulate
from xbarsim.data import load_dataset
from xbarsim.errors import OutOfValidatedRangeError, ParameterError
from xbarsim.inference import encode, simulate
from xbarsim.mapping import MappingSpec
from xbarsim.network import LIF, NeuronParams, unroll
from xbarsim.parameters import (
    CrossbarParams,
    DeviceParams,
    SinhCell,
    TopologyParams,
    TransientParams,
)

pytestmark = pytest.mark.spice


@pytest.fixture
def crossbar():
    return CrossbarParams(
        rows=9, cols=5, r_driver=300.0, r_wire_row=7.0, r_wire_col=20.0, r_sense=900.0
    )


@pytest.fixture
def network():
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1, stride=2, bias=False),
        LIF(NeuronParams(leak=0.8, threshold=0.3, reset="zero")),
        nn.Flatten(),
        nn.Linear(12, 7),
        LIF(NeuronParams(leak=0.7, threshold=0.25, reset="subtract")),
        nn.Linear(7, 4, bias=False),
    )


@pytest.fixture
def images():
    return torch.rand(2, 1, 4, 3, generator=torch.Generator().manual_seed(5))


@pytest.fixture
def device():
    return DeviceParams(name="test", g_min=5e-6, g_max=5e-5, sigma=0.1, v_read=0.2)


def run(network, images, crossbar, device, **options):
    return cosimulate(network, images, 4, crossbar, device, allow_unvalidated=True, **options)


@pytest.mark.parametrize(
    ("scheme", "unrolling", "gain"),
    [
        ("differential", "im2col", "column"),
        ("offset", "position", "column"),
        ("differential", "position", "bitline"),
        ("offset", "im2col", "bitline"),
    ],
)
def test_a_network_entirely_in_ngspice_spikes_like_the_fast_model(
    network, images, crossbar, device, scheme, unrolling, gain
):
    spec = MappingSpec(scheme=scheme, unrolling=unrolling, gain=gain)
    inject = CosimParams(mode="inject")
    found = run(network, images, crossbar, device, params=inject, mapping=spec)
    assert found.fast.rates.sum() > 0.1
    assert found.rates_changed == 0
    assert found.decisions_changed == 0
    np.testing.assert_allclose(found.spice.logits, found.fast.logits, atol=1e-6)
    assert [errors.layer for errors in found.layers] == ["0", "3", "5"]
    assert max(errors.max_error for errors in found.layers) < 1e-9
    assert {e.tile for e in found.tiles if e.layer == "3"} == {0, 1, 2, 3}


def learned_digits(data):
    """Return a small network that has learned to read digits."""
    torch.manual_seed(0)
    neuron = NeuronParams(leak=0.9, threshold=1.0)
    network = nn.Sequential(
        nn.Conv2d(1, 6, 3, stride=2, bias=False), LIF(neuron), nn.Flatten(),
        nn.Linear(54, 24, bias=False), LIF(neuron), nn.Linear(24, 10, bias=False),
    )  # fmt: skip
    with torch.no_grad():
        for k in (0, 3):
            network[k].weight.mul_(2)
    optimiser = torch.optim.Adam(network.parameters(), 8e-3)
    stream = torch.Generator().manual_seed(0)
    for k in range(60):
        part = slice(200 * (k % 6), 200 * (k % 6) + 200)
        spikes = encode(data.train_images[part], 6, stream, "poisson")
        optimiser.zero_grad()
        logits = unroll(network, spikes)[0].mean(0)
        nn.functional.cross_entropy(logits, data.train_labels[part]).backward()
        optimiser.step()
    return network.eval()


def test_digits_are_read_the_same_when_every_tile_and_step_is_in_ngspice(device):
    data = load_dataset("digits")
    network, images = learned_digits(data), data.test_images[:4]
    crossbar = CrossbarParams(rows=32, cols=16)
    found = cosimulate(
        network, images, 8, crossbar, device.replace(sigma=0.0), CosimParams(mode="inject"),
        mapping=MappingSpec(compensated=True), allow_unvalidated=True,
    )  # fmt: skip
    labels = data.test_labels[:4].numpy()
    assert (found.spice.logits[-1].argmax(axis=1) == labels).sum() >= 3
    assert found.decisions_changed == 0
    assert found.rates_changed == 0
    assert found.fast.rates.min(axis=0)[-1] > 0.01
    assert {(e.layer, e.tile) for e in found.tiles} == {
        ("0", 0), *(("3", k) for k in range(4)), ("5", 0)
    }  # fmt: skip
    assert max(errors.max_error for errors in found.layers) < 1e-8
    # Compensated arrays give what software gives, times a gain that the read-out takes back.
    software = simulate(network, images, 8)
    np.testing.assert_allclose(found.spice.logits[-1], software.logits[-1], atol=1e-4)


def test_watching_changes_nothing_and_finds_what_nonlinear_cells_cost(
    network, images, crossbar, device
):
    cell = SinhCell(v0=0.1)
    watched = run(network, images, crossbar, device, cell=cell)
    np.testing.assert_array_equal(watched.spice.logits, watched.fast.logits)
    injected = run(network, images, crossbar, device, cell=cell, params=CosimParams(mode="inject"))
    layers = {errors.layer: errors for errors in watched.layers}
    assert 0.05 < layers["0"].rms < 1
    assert layers["0"].bias != 0
    assert layers["3"].rms_interval[0] <= layers["3"].rms <= layers["3"].rms_interval[1]
    assert np.abs(injected.spice.logits - watched.fast.logits).max() > 1e-3


def test_gated_rows_are_another_circuit_than_grounded_ones(network, images, crossbar, device):
    gated = run(network, images, crossbar, device, topology=TopologyParams(silent="gated"))
    assert max(errors.max_error for errors in gated.layers) > 1e-3


@pytest.mark.parametrize("sampled", [True, False])
def test_slow_pulses_are_the_static_case_and_fast_ones_are_not(network, images, device, sampled):
    crossbar = CrossbarParams(rows=5, cols=3, r_driver=300.0, r_sense=900.0)
    layers = {"layers": ("3", "5"), "steps": (0, 1, 3), "sampled": sampled}
    slow = TransientParams(pulse=1e-6, rise=4e-8, period=2e-6)
    fast = slow.replace(c_wire_row=2e-10, c_wire_col=3e-10)
    settled, late = (
        run(network, images, crossbar, device, params=CosimParams(transient=pulse, **layers))
        for pulse in (slow, fast)
    )
    static = run(network, images, crossbar, device, params=CosimParams(**layers))
    assert max(errors.max_error for errors in settled.layers) < 2e-3
    assert min(errors.max_error for errors in late.layers) > 0.03
    # A train counts as one, and repeated vectors are steps of their own in it.
    trains = {e.tile: e.vectors for e in settled.tiles if e.layer == "3"}
    assert all(count % 3 == 0 for count in trains.values())
    assert sum(trains.values()) > sum(e.vectors for e in static.tiles if e.layer == "3")


def test_every_step_of_a_train_reaches_its_own_image_and_time(network, images, device):
    crossbar = CrossbarParams(rows=9, cols=5, r_driver=300.0, r_sense=900.0)
    slow = TransientParams(pulse=1e-6, rise=4e-8, period=2e-6)
    params = CosimParams(mode="inject", transient=slow, layers=("3",), sampled=True)
    found = run(network, images, crossbar, device, params=params)
    assert found.fast.rates.sum() > 0.1
    np.testing.assert_allclose(found.spice.logits, found.fast.logits, atol=1e-3)
    mixed = np.abs(found.fast.logits[:, 0] - found.fast.logits[:, 1]).max()
    assert mixed > 1e-2


def test_a_sample_takes_the_named_layers_steps_and_tiles(network, images, crossbar, device):
    params = CosimParams(layers=("3",), tiles=2, steps=(1, 3), vectors=1)
    found = run(network, images, crossbar, device, params=params)
    assert {e.layer for e in found.tiles} == {"3"}
    assert len({e.tile for e in found.tiles}) == 2
    assert {e.steps for e in found.tiles} == {(1, 3)}
    assert {e.vectors for e in found.tiles} == {1}
    again = run(network, images, crossbar, device, params=params)
    np.testing.assert_array_equal(found.tiles[0].error, again.tiles[0].error)


def test_what_does_not_exist_is_refused(network, images, crossbar, device):
    with pytest.raises(ParameterError, match="layers on crossbars are 0, 3, 5"):
        run(network, images, crossbar, device, params=CosimParams(layers=("conv",)))
    with pytest.raises(ParameterError, match="time-steps 0 to 3"):
        run(network, images, crossbar, device, params=CosimParams(steps=(4,)))
    with pytest.raises(ParameterError, match="leave it out"):
        run(network, images, crossbar, device, params=CosimParams(mode="inject", vectors=2))
    with pytest.raises(OutOfValidatedRangeError):
        cosimulate(network, images, 4, crossbar, device)


def test_strata_cover_a_layer_evenly():
    tiles = CosimParams(tiles=4).chosen_tiles(40, layer=1)
    assert [tile // 10 for tile in tiles] == [0, 1, 2, 3]
    assert CosimParams().chosen_tiles(3, layer=0) == [0, 1, 2]


def test_the_command_compares_a_sample_and_refuses_networks_without_time(tmp_path, capsys):
    import json

    from xbarsim.cli.app import app
    from xbarsim.learning.build import initial_network
    from xbarsim.learning.recipe import load_recipe
    from xbarsim.learning.store import save_network

    for name in ("digits-surrogate", "digits-ann"):
        recipe = load_recipe(name)
        save_network(initial_network(recipe), recipe, tmp_path / f"{name}.safetensors")
    words = ["--images", "1", "--tiles", "1", "--vectors", "2", "--tile", "16", "--json"]
    words += ["--allow-unvalidated", "--layer", "0", "--layer", "13"]
    with pytest.raises(SystemExit) as done:
        app(["cosim", str(tmp_path / "digits-surrogate.safetensors"), *words])
    assert done.value.code == 0
    found = json.loads(capsys.readouterr().out)
    assert [layer["layer"] for layer in found["layers"]] == ["0", "13"]
    assert found["outputs"] > 0
    assert max(layer["max_error"] for layer in found["layers"]) < 1e-9
    with pytest.raises(ParameterError, match="convert it first"):
        app(["cosim", str(tmp_path / "digits-ann.safetensors"), *words])
