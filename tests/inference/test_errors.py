"""Errors over time: what is fixed adds up, what is drawn anew averages, and the split finds both."""

import numpy as np
import pytest
import torch
from torch import nn

from xbarsim.errors import ParameterError
from xbarsim.exchange import GeneralLIF, SynapticLIF
from xbarsim.hardware import to_crossbar
from xbarsim.inference import growth_law, layer_errors, simulate
from xbarsim.network import LIF, NeuronParams
from xbarsim.parameters import CrossbarParams, EffectParams, RelativeDeviation

CROSSBAR = CrossbarParams(rows=8, cols=8, r_driver=0, r_wire_row=0, r_wire_col=0, r_sense=0)
LEAK, THRESHOLD = 0.9, 0.7


@pytest.fixture
def net():
    torch.manual_seed(0)
    neuron = NeuronParams(leak=LEAK, threshold=THRESHOLD)
    return nn.Sequential(
        nn.Linear(12, 20, bias=False), LIF(neuron), nn.Linear(20, 10, bias=False), LIF(neuron),
        nn.Linear(10, 3, bias=False),
    )  # fmt: skip


@pytest.fixture
def images():
    return torch.rand(9, 12, generator=torch.Generator().manual_seed(1))


def scaled(net, share):
    """Hardware whose first layer is off by a fixed share."""
    import copy

    other = copy.deepcopy(net)
    with torch.no_grad():
        other[0].weight.mul_(1 + share)
    return other


def test_a_network_is_not_off_from_itself(net, images):
    found = layer_errors(net, net, images, 4)
    assert found.potential.shape == (2, 4)
    for name in ("membrane", "potential", "static", "per_read", "flips"):
        assert (getattr(found, name) == 0).all()
    np.testing.assert_allclose(found.leak, LEAK)


def test_the_potential_is_the_sum_of_drives_with_the_leak(net, images):
    found = layer_errors(scaled(net, 0.1), net, images, 5, encoder="direct")
    drive = 0.1 * (images @ net[0].weight.T) / THRESHOLD
    rms = drive.square().mean().sqrt().item()
    expected = rms * np.array([(1 - LEAK**t) / (1 - LEAK) for t in range(1, 6)])
    np.testing.assert_allclose(found.potential[0], expected, rtol=1e-4)
    np.testing.assert_allclose(found.static[0], expected, rtol=1e-4)
    assert (found.per_read == 0).all()
    assert found.flips[1].max() > 0


def test_neurons_of_other_frameworks_add_up_as_they_do(net, images):
    threshold = torch.linspace(0.4, 0.8, 20)
    parameters = {"leak": 0.75, "threshold": threshold, "gain": 0.5}
    net[1] = SynapticLIF(NeuronParams(), decay=0.625, weight=2.0, **parameters)
    net[3] = GeneralLIF(NeuronParams(), leak=torch.linspace(0.5, 0.9, 10), gain=0.25)
    found = layer_errors(scaled(net, 0.1), net, images, 5, encoder="direct")
    drive = 0.1 * (images @ net[0].weight.T) / threshold
    current, potential, expected = torch.zeros_like(drive), torch.zeros_like(drive), []
    for _ in range(5):
        current = 0.625 * current + 2.0 * drive
        potential = 0.75 * potential + 0.5 * current
        expected.append(potential.square().mean().sqrt().item())
    np.testing.assert_allclose(found.potential[0], expected, rtol=1e-4)
    np.testing.assert_allclose(found.leak, [0.75, 0.7])
    # Where nothing spikes, membranes differ by the potential alone.
    quiet = 0.01 * images
    still = layer_errors(scaled(net, 0.1), net, quiet, 3, encoder="direct")
    assert still.flips[0].max() == 0
    np.testing.assert_allclose(still.membrane[0], still.potential[0], rtol=1e-4)


def test_flips_and_membranes_are_those_of_the_two_simulations(net, images):
    other = scaled(net, 0.3)
    found = layer_errors(other, net, images, 6, batch=4)
    whole = layer_errors(other, net, images[:4], 6)
    rates = [simulate(n, images[:4], 6).rates for n in (net, other)]
    assert (np.abs(rates[0] - rates[1]) <= whole.flips + 1e-6).all()
    assert found.flips.shape == (2, 6)
    assert found.membrane.max() > 0


def test_a_simulation_compares_on_its_own_input_spikes(net, images):
    other = scaled(net, 0.3)
    trace = simulate(other, images, 5, seed=4, batch=4, software=net)
    apart = layer_errors(other, net, images, 5, seed=4, batch=4)
    np.testing.assert_array_equal(trace.errors.potential, apart.potential)
    assert simulate(other, images, 5).errors is None


def test_forced_layers_answer_for_themselves_only(net, images):
    free = layer_errors(scaled(net, 0.3), net, images, 6)
    forced = layer_errors(scaled(net, 0.3), net, images, 6, forced=True)
    np.testing.assert_allclose(forced.potential[0], free.potential[0])
    assert (forced.potential[1] == 0).all()
    assert free.potential[1].max() > 0


def test_reads_that_differ_are_told_from_cells_that_differ(net, device):
    still = device.replace(sigma=0.0)
    law = EffectParams(read_noise=RelativeDeviation(sigma=0.1))
    many = torch.rand(600, 12, generator=torch.Generator().manual_seed(2))
    noisy = to_crossbar(net, CROSSBAR, still, allow_unvalidated=True, effects=law)
    found = layer_errors(noisy, net, many, 12, encoder="direct")
    assert found.per_read[0, -1] > 4 * found.static[0, -1]
    grown = growth_law(found.potential[0], LEAK)
    assert grown.diffuse > 3 * grown.coherent
    fixed = to_crossbar(net, CROSSBAR, device, allow_unvalidated=True)
    found = layer_errors(fixed, net, many, 12, encoder="direct")
    np.testing.assert_array_equal(found.per_read, 0)
    assert growth_law(found.potential[0], LEAK).diffuse < 1e-3 * found.potential[0, 0]


@pytest.mark.parametrize("leak", [1.0, 0.8])
def test_growth_laws_come_back(leak):
    t = np.arange(1, 21)
    same = t if leak == 1 else (1 - leak**t) / (1 - leak)
    apart = t if leak == 1 else (1 - leak ** (2 * t)) / (1 - leak**2)
    found = growth_law(np.sqrt(0.03**2 * same**2 + 0.2**2 * apart), leak)
    assert found.coherent == pytest.approx(0.03, rel=1e-6)
    assert found.diffuse == pytest.approx(0.2, rel=1e-6)
    if leak == 1:
        assert growth_law(0.4 * t**0.5).exponent == pytest.approx(0.5)
        power = growth_law(0.4 * t**0.7)
        assert (power.exponent, power.factor) == pytest.approx((0.7, 0.4))
        assert power.r_squared == pytest.approx(1)


def test_growth_counts_from_when_spikes_come_in():
    late = np.concatenate([[1e-4, 2e-4], 0.3 * np.arange(1, 9)])
    found = growth_law(late)
    assert found.start == 3
    assert (found.exponent, found.coherent) == pytest.approx((1.0, 0.3))
    assert growth_law(0.3 * np.arange(1, 9)).start == 1


def test_what_cannot_be_compared_is_refused(net, images):
    with pytest.raises(ParameterError, match="5 and 3 layers"):
        layer_errors(nn.Sequential(*list(net)[:3]), net, images, 2)
    with pytest.raises(ParameterError, match="three or more"):
        growth_law(np.array([0.0, 1.0, 2.0]))
