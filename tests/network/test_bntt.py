"""Batch norm through time equals one batch norm module per time-step."""

import pytest
import torch
from torch import nn

from xbarsim.errors import ParameterError
from xbarsim.network import (
    LIF,
    BatchNormThroughTime,
    NeuronParams,
    build_network,
    network_spec,
    unroll,
)
from xbarsim.network.norm import NormThroughTime, is_compiled

STEPS, CHANNELS = 4, 3


def modules(layer, make):
    """The same layer as T modules of torch, with the bias held at zero."""
    result = [make(CHANNELS, eps=1e-4, momentum=0.1).double() for _ in range(STEPS)]
    for t, module in enumerate(result):
        module.weight.data.copy_(layer.gamma[t])
        module.running_mean.copy_(layer.running_mean[t])
        module.running_var.copy_(layer.running_var[t])
    return result


@pytest.mark.parametrize(
    ("make", "tail", "last"),
    [(nn.BatchNorm2d, (5, 6), False), (nn.BatchNorm2d, (5, 6), True), (nn.BatchNorm1d, (), True)],
    ids=["conv", "conv, channels last", "linear"],
)
def test_equals_a_module_per_step(make, tail, last):
    stream = torch.Generator().manual_seed(1)
    layer = BatchNormThroughTime(STEPS, CHANNELS).double()
    layer.gamma.data.uniform_(0.5, 2.0, generator=stream)
    layer.running_mean.uniform_(-1, 1, generator=stream)
    layer.running_var.uniform_(0.5, 2.0, generator=stream)
    singles = modules(layer, make)
    x = 3 + 2 * torch.randn(STEPS * 8, CHANNELS, *tail, generator=stream).double()
    if last and tail:
        x = x.contiguous(memory_format=torch.channels_last)
    x = x.unflatten(0, (STEPS, 8)).requires_grad_()
    assert is_compiled(x) == last
    weights = torch.rand(x.shape, generator=stream)
    for training in (True, False):
        layer.train(training)
        wanted = torch.stack([m.train(training)(x[t]) for t, m in enumerate(singles)])
        ours = layer(x)
        torch.testing.assert_close(ours, wanted)
        ours_grad = torch.autograd.grad((ours * weights).sum(), (x, layer.gamma))
        wanted_grad = torch.autograd.grad(
            (wanted * weights).sum(), [x, *(m.weight for m in singles)]
        )
        torch.testing.assert_close(ours_grad[0], wanted_grad[0])
        torch.testing.assert_close(ours_grad[1], torch.stack(wanted_grad[1:]))
    torch.testing.assert_close(layer.running_mean, torch.stack([m.running_mean for m in singles]))
    torch.testing.assert_close(layer.running_var, torch.stack([m.running_var for m in singles]))


def test_more_steps_than_statistics_are_refused():
    with pytest.raises(ParameterError, match="time-step 5 has no statistics"):
        BatchNormThroughTime(STEPS, CHANNELS)(torch.zeros(2, 1, CHANNELS), start=3)


def test_chunks_of_time_use_their_own_statistics():
    network = build_network(
        network_spec("vgg-digits"),
        lambda: LIF(NeuronParams(leak=0.9, threshold=0.8)),
        seed=0,
        norm=lambda width, _: BatchNormThroughTime(STEPS, width),
    )
    inputs = (
        torch.rand(STEPS, 6, 1, 8, 8, generator=torch.Generator().manual_seed(2)) > 0.6
    ).float()
    unroll(network.train(), inputs)
    network.eval()
    whole, _, spikes = unroll(network, inputs)
    first, state, _ = unroll(network, inputs[:3])
    second, _, _ = unroll(network, inputs[3:], state, start=3)
    assert all(s.mean() > 0 for s in spikes)
    torch.testing.assert_close(torch.cat([first, second]), whole)
    wrong, _, _ = unroll(network, inputs[3:], state, start=0)
    assert not torch.allclose(wrong, second)


def test_statistics_keep_their_digits_far_from_zero():
    stream = torch.Generator().manual_seed(4)
    x = 1e4 + torch.randn(2, 300, CHANNELS, generator=stream)
    layer = BatchNormThroughTime(2, CHANNELS)
    _, mean, var = NormThroughTime.apply(x, layer.gamma, 1e-4)
    wanted_var, wanted_mean = torch.var_mean(x.double(), dim=1, correction=0)
    torch.testing.assert_close(mean.double(), wanted_mean, rtol=1e-7, atol=0)
    torch.testing.assert_close(var.double(), wanted_var, rtol=1e-5, atol=0)
