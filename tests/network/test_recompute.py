"""Computing activations again changes neither gradients nor statistics, and keeps less."""

import copy

import pytest
import torch
from torch import nn

from xbarsim.network import (
    LIF,
    BatchNormThroughTime,
    NeuronParams,
    build_network,
    network_spec,
    run_recomputing,
    unroll,
)

NEURON = NeuronParams(leak=0.9, threshold=0.7, reset="zero")
NORMS = {
    "none": None,
    "batch": lambda width, axes: nn.BatchNorm2d(width) if axes else nn.BatchNorm1d(width),
    "time": lambda width, _axes: BatchNormThroughTime(4, width),
}


def network(norm, make=lambda: LIF(NEURON)):
    spec = network_spec("vgg-digits")
    return build_network(spec, make, seed=1, init_gain=3.0, norm=NORMS[norm]).train()


def kept_bytes(run):
    """Return a run's result, and the bytes of distinct tensors that its graph holds."""
    seen = {}

    def pack(tensor):
        seen[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        return run(), sum(seen.values())


@pytest.mark.parametrize("norm", NORMS)
def test_gradients_and_statistics_are_the_same(norm):
    one = network(norm)
    other = copy.deepcopy(one)
    x = (torch.rand(4, 6, 1, 8, 8, generator=torch.Generator().manual_seed(2)) < 0.5).float()
    plain, kept = kept_bytes(lambda: unroll(one, x)[0])
    sparing, kept_less = kept_bytes(lambda: run_recomputing(other, x, over_time=True))
    assert torch.equal(plain, sparing)
    assert kept_less < 0.4 * kept
    for y in (plain, sparing):
        (y**2).mean().backward()
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert a.grad.abs().sum() > 0
        torch.testing.assert_close(a.grad, b.grad)
    for (name, a), b in zip(one.named_buffers(), other.buffers(), strict=True):
        assert torch.equal(a, b), name
    assert all(layer.momentum > 0 for layer in other if hasattr(layer, "momentum"))


def test_without_time():
    one = network("batch", nn.ReLU)
    other = copy.deepcopy(one)
    x = torch.rand(6, 1, 8, 8, generator=torch.Generator().manual_seed(2))
    one(x).square().mean().backward()
    run_recomputing(other, x, over_time=False).square().mean().backward()
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad)
    for a, b in zip(one.buffers(), other.buffers(), strict=True):
        assert torch.equal(a, b)
