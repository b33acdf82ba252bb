"""The same weights and input give the same spikes as snnTorch, step by step.

snnTorch's delayed subtraction takes the threshold after the leak, and its immediate one takes it
again where the rest is above threshold, so subtraction is compared where these are the same thing.
"""

import pytest
import snntorch
import torch
from torch import nn

from xbarsim.network import LIF, NeuronParams, build_network, leaves, network_spec, unroll


def peer_spikes(network, inputs, params, delay):
    """Run the network with snnTorch's neurons, one time-step after the other."""
    layers = [
        snntorch.Leaky(
            beta=params.leak, threshold=params.threshold, reset_mechanism=params.reset,
            reset_delay=delay,
        )
        if isinstance(layer, LIF)
        else layer
        for layer in leaves(network)
    ]  # fmt: skip
    membranes = {k: m.init_leaky() for k, m in enumerate(layers) if isinstance(m, snntorch.Leaky)}
    fired = {k: [] for k in membranes}
    outputs = []
    for x in inputs:
        y = x
        for k, layer in enumerate(layers):
            if k in membranes:
                y, membranes[k] = layer(y, membranes[k])
                fired[k].append(y)
            else:
                y = layer(y)
        outputs.append(y)
    return torch.stack(outputs), [torch.stack(spikes) for spikes in fired.values()]


@pytest.mark.parametrize(
    ("reset", "leak", "delay"), [("subtract", 1.0, True), ("zero", 0.5, True), ("zero", 0.5, False)]
)
def test_a_network_gives_the_spikes_of_snntorch(reset, leak, delay):
    # Multiples of 1/64 keep every sum exact, so that no spike hangs on the order of a sum.
    params = NeuronParams(leak=leak, threshold=0.75, reset=reset)
    network = build_network(network_spec("vgg-digits"), lambda: LIF(params), seed=3, init_gain=3.0)
    for layer in leaves(network):
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.weight.data.mul_(64).round_().div_(64)
    stream = torch.Generator().manual_seed(4)
    inputs = (torch.rand(7, 5, 1, 8, 8, generator=stream) < 0.5).float()
    with torch.no_grad():
        outputs, _, spikes = unroll(network, inputs)
        wanted, wanted_spikes = peer_spikes(network, inputs, params, delay)
    assert len(spikes) == len(wanted_spikes) == 5
    for ours, theirs in zip(spikes, wanted_spikes, strict=True):
        assert 0.01 < ours.mean() < 0.99
        assert torch.equal(ours, theirs)
    torch.testing.assert_close(outputs, wanted)


def test_a_leaky_layer_that_subtracts_gives_the_spikes_of_snntorch():
    params = NeuronParams(leak=0.5, threshold=0.75, reset="subtract")
    # Below 1.5 thresholds nothing is left above the threshold after a reset.
    drive = torch.rand(12, 6, 9, generator=torch.Generator().manual_seed(5))
    drive = (drive * 64).round() / 64 * 1.4 * params.threshold
    spikes, _ = LIF(params)(drive)
    _, (wanted,) = peer_spikes(nn.Sequential(LIF(params)), drive, params, delay=False)
    assert 0.2 < spikes.mean() < 0.8
    assert torch.equal(spikes, wanted)
