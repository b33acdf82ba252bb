"""A scale and an offset behind every converter: what they match, and what they give back."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import snntorch as snn
import torch
from torch import nn

from xbarsim.cures import correct_outputs, output_statistics, recalibrate_thresholds
from xbarsim.errors import ParameterError
from xbarsim.exchange import as_network
from xbarsim.hardware import AdcParams, ReadParams, array_summary, layer_summaries, to_crossbar
from xbarsim.inference import encode, simulate
from xbarsim.network import LIF, BatchNormThroughTime, NeuronParams, stateless
from xbarsim.parameters import CrossbarParams

STEPS = 6


@pytest.fixture
def images():
    return torch.rand(40, 2, 5, 4, generator=torch.Generator().manual_seed(3))


@pytest.fixture
def spiking():
    torch.manual_seed(0)
    neuron = NeuronParams(leak=0.8, threshold=0.4)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, bias=False), LIF(neuron), nn.AvgPool2d((1, 2)), nn.Flatten(),
        nn.Linear(12, 9), LIF(neuron.replace(reset="zero")), nn.Linear(9, 3, bias=False),
    )  # fmt: skip


@pytest.fixture
def plain():
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, bias=False), nn.ReLU(), nn.Flatten(), nn.Linear(24, 9), nn.ReLU(),
        nn.Linear(9, 3, bias=False),
    )  # fmt: skip


def crooked(net):
    """Scale every output by a number of its own and add another."""
    chip, draw = copy.deepcopy(net), torch.Generator().manual_seed(5)
    with torch.no_grad():
        for layer in chip:
            if isinstance(layer, nn.Conv2d | nn.Linear):
                n = len(layer.weight)
                scale, offset = 0.3 + torch.rand(n, generator=draw), torch.rand(n, generator=draw)
                bias = 0 if layer.bias is None else layer.bias
                layer.weight.mul_(scale.reshape(-1, *[1] * (layer.weight.dim() - 1)))
                layer.bias = nn.Parameter(bias * scale + offset - 0.5)
    return chip


@pytest.mark.parametrize("steps", [0, STEPS])
def test_a_scale_and_an_offset_of_every_output_are_undone(steps, spiking, plain, images):
    net = spiking if steps else plain
    chip = crooked(net)
    before = copy.deepcopy(chip.state_dict())
    found = correct_outputs(chip, net.train(), images[:30], steps)
    for layer, soft in zip(found, net, strict=True):
        if isinstance(layer, nn.Conv2d | nn.Linear):
            torch.testing.assert_close(layer.weight, soft.weight, rtol=2e-4, atol=2e-5)
            bias = torch.zeros(len(layer.weight)) if soft.bias is None else soft.bias
            torch.testing.assert_close(layer.bias, bias.detach(), rtol=2e-4, atol=2e-5)
    assert all(torch.equal(before[name], chip.state_dict()[name]) for name in before)
    assert found.state_dict().keys() >= before.keys()
    assert net.training
    assert not found.training


@pytest.mark.parametrize("steps", [0, STEPS])
def test_outputs_of_the_corrected_chip_have_the_mean_and_spread_of_the_software(
    steps, spiking, plain, images
):
    net = spiking if steps else plain
    chip, seen, done = copy.deepcopy(net), [], []
    with torch.no_grad():
        for layer in chip:
            if isinstance(layer, nn.Conv2d | nn.Linear):
                layer.weight.add_(0.05 * torch.randn(layer.weight.shape))
    wanted = output_statistics(net, images, steps, seed=7, on_batch=seen.append)
    found = correct_outputs(chip, wanted, images, steps, seed=7, on_layer=done.append)
    assert (sum(seen), sum(done)) == (len(images), 3)
    assert same(found, correct_outputs(chip, net, images, steps, seed=7))
    stream = torch.Generator().manual_seed(7)
    x = encode(images, steps, stream, "poisson") if steps else images[None]
    ours, theirs = outputs(found, x), outputs(net, x)
    assert len(ours) == 3
    for y, wanted in zip(ours, theirs, strict=True):
        torch.testing.assert_close(y.mean(1), wanted.mean(1), rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(y.std(1), wanted.std(1), rtol=1e-4, atol=1e-5)
    assert max(float((y - t).abs().max()) for y, t in zip(ours, theirs, strict=True)) > 0.01


def same(one, other):
    found, wanted = one.state_dict(), other.state_dict()
    return all(torch.equal(found[name], wanted[name]) for name in wanted)


def outputs(net, x):
    """What every layer with weights gives, [channel, other]."""
    found = []
    with torch.no_grad():
        for layer in net:
            x = layer(x)[0] if isinstance(layer, LIF) else stateless(layer, x)
            if isinstance(layer, nn.Conv2d | nn.Linear):
                found.append(x.double().movedim(2, 0).flatten(1))
    return found


def test_outputs_that_do_not_vary_keep_their_scale(plain, images):
    chip = copy.deepcopy(plain)
    with torch.no_grad():
        chip[0].weight[1].zero_()
        plain[0].weight[2].zero_()
    found = correct_outputs(chip, plain, images, 0)
    assert torch.equal(found[0].weight[1], chip[0].weight[1])
    assert torch.equal(found[0].weight[2], chip[0].weight[2])
    means = (plain[0](images).mean((0, 2, 3)), found[0](images).mean((0, 2, 3)))
    torch.testing.assert_close(means[1], means[0], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("reading", [ReadParams(), ReadParams(adc=AdcParams(bits=8))])
def test_real_chips_come_nearer_to_their_software(spiking, images, device, reading):
    array, errors = CrossbarParams(rows=8, cols=6), []
    for number in range(3):
        chip = to_crossbar(
            spiking, array, device.replace(sigma=0.3), gain="bitline", reading=reading,
            allow_unvalidated=True, chip=number,
        )  # fmt: skip
        found = correct_outputs(chip, spiking, images[:20], STEPS)
        nets = (spiking, chip, found)
        software, sick, cured = (simulate(n, images, STEPS).rates for n in nets)
        errors.append((abs(sick - software).mean(), abs(cured - software).mean()))
    before, after = np.mean(errors, axis=0)
    assert after < 0.6 * before
    assert [type(layer) for layer in found] == [type(layer) for layer in chip]
    assert layer_summaries(found) == layer_summaries(chip)
    assert array_summary(found) == replace(array_summary(chip), corrected=20)
    matched = recalibrate_thresholds(found, spiking, images[:5], STEPS)
    assert array_summary(matched) == array_summary(found)


def test_norms_stay_and_every_step_counts(images):
    torch.manual_seed(2)
    net = nn.Sequential(
        nn.Conv2d(2, 4, 3, bias=False), BatchNormThroughTime(STEPS, 4),
        LIF(NeuronParams(leak=0.9, threshold=0.3)), nn.Flatten(), nn.Linear(24, 3, bias=False),
    ).eval()  # fmt: skip
    found = correct_outputs(crooked(net), net, images, STEPS)
    assert torch.equal(found[1].running_mean, net[1].running_mean)
    rates = [simulate(n, images, STEPS).rates for n in (net, found)]
    assert rates[0].min() > 0.01
    assert abs(rates[1] - rates[0]).max() < 1e-4


def test_a_network_of_another_framework_is_understood(device):
    torch.manual_seed(4)
    lif = snn.Leaky(beta=0.8, threshold=0.3, init_hidden=True)
    net = nn.Sequential(nn.Flatten(), nn.Linear(12, 7, bias=False), lif, nn.Linear(7, 3))
    array = CrossbarParams(rows=8, cols=6)
    chip = to_crossbar(net, array, device, gain="none", allow_unvalidated=True)
    images = torch.rand(9, 1, 3, 4)
    found = correct_outputs(chip, net, images, STEPS)
    assert same(found, correct_outputs(chip, as_network(net), images, STEPS))
    assert not torch.equal(found[1].weight, chip[1].weight)
    matched = recalibrate_thresholds(chip, net, images, STEPS)
    assert same(matched, recalibrate_thresholds(chip, as_network(net), images, STEPS))


def test_what_does_not_belong_together_is_refused(spiking, images):
    with pytest.raises(ParameterError, match="hardware has 6 layers, software 7"):
        correct_outputs(spiking[:6], spiking, images, STEPS)
    with pytest.raises(ParameterError, match="there are 1 images"):
        correct_outputs(spiking, spiking, images[:1], STEPS)

    class Foreign(nn.Module):
        def __init__(self):
            super().__init__()
            self.inside = nn.Linear(12, 9)

        def forward(self, x):
            return self.inside(x)

    chip = copy.deepcopy(spiking)
    chip[4] = Foreign()
    with pytest.raises(ParameterError, match="outputs of Foreign cannot be scaled"):
        correct_outputs(chip, spiking, images, STEPS)
