"""Cures undo what they are for, leave the rest alone, and say what they cost."""

import copy

import pytest
import torch
from torch import nn

from xbarsim.cures import (
    adapt_norm,
    noise_aware_fit,
    recalibrate_thresholds,
    through_crossbar,
)
from xbarsim.cures.training import applied_weights
from xbarsim.data import Dataset
from xbarsim.errors import ParameterError
from xbarsim.exchange import GeneralLIF
from xbarsim.inference import encode, simulate
from xbarsim.learning import load_recipe
from xbarsim.learning.build import initial_network
from xbarsim.mapping import MappingSpec, chip_generator, map_weights
from xbarsim.network import LIF, BatchNormThroughTime, NeuronParams, unroll
from xbarsim.parameters import CrossbarParams

CROSSBAR = CrossbarParams(rows=8, cols=6)


@pytest.fixture
def net():
    torch.manual_seed(0)
    neuron = NeuronParams(leak=0.9, threshold=0.6)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, bias=False), LIF(neuron), nn.Flatten(), nn.Linear(16, 9, bias=False),
        LIF(neuron), nn.Linear(9, 3, bias=False),
    )  # fmt: skip


@pytest.fixture
def images():
    return torch.rand(40, 1, 4, 4, generator=torch.Generator().manual_seed(3))


def weaker(net, shares):
    chip = copy.deepcopy(net)
    with torch.no_grad():
        for k, share in zip((0, 3), shares, strict=True):
            chip[k].weight.mul_(share)
    return chip


def test_thresholds_take_up_the_gain_of_every_layer(net, images):
    chip = weaker(net, (0.4, 0.7))
    found = recalibrate_thresholds(chip, net, images[:10], 6)
    assert found[1].threshold.item() == pytest.approx(0.4 * 0.6, rel=1e-5)
    assert found[4].threshold.item() == pytest.approx(0.7 * 0.6, rel=1e-5)
    assert chip[1].threshold.item() == pytest.approx(0.6)
    software, cured, sick = (simulate(n, images, 6).rates for n in (net, found, chip))
    assert abs(cured - software).max() < 1e-6
    assert abs(sick - software).max() > 0.02
    with pytest.raises(ParameterError, match="scale -"):
        recalibrate_thresholds(weaker(net, (-1.0, 1.0)), net, images[:10], 6)
    with pytest.raises(ParameterError, match="has 3"):
        recalibrate_thresholds(chip, nn.Sequential(*list(net)[:3]), images, 2)


def test_what_a_spike_takes_or_sets_goes_along_with_its_threshold(images):
    torch.manual_seed(0)
    params = NeuronParams(leak=0.9, threshold=0.6)
    reset = params.replace(reset="zero")
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3, bias=False), GeneralLIF(params, gain=1.3, amount=0.4), nn.Flatten(),
        nn.Linear(16, 9, bias=False), GeneralLIF(reset, reset_to=0.2, timing="next"),
        nn.Linear(9, 3, bias=False),
    )  # fmt: skip
    chip = weaker(net, (0.4, 0.7))
    found = recalibrate_thresholds(chip, net, images[:10], 6)
    assert found[1].amount.item() == pytest.approx(0.4 * 0.4, rel=1e-5)
    assert found[4].reset_to.item() == pytest.approx(0.7 * 0.2, rel=1e-5)
    software, cured, sick = (simulate(n, images, 6).rates for n in (net, found, chip))
    assert software[:, -1].min() > 0.01
    assert abs(cured - software).max() < 1e-6
    assert abs(sick - software).max() > 0.02
    same = nn.Sequential(nn.Flatten(), nn.Linear(16, 3, bias=False), GeneralLIF(params))
    half = copy.deepcopy(same)
    half[1].weight.data.mul_(0.5)
    one = recalibrate_thresholds(half, same, images, 2)[2]
    assert (one.threshold.item(), one.amount.item()) == pytest.approx((0.3, 0.3))


@pytest.fixture
def normed():
    torch.manual_seed(1)
    neuron = NeuronParams(leak=0.9, threshold=0.6)
    layers = [nn.Conv2d(1, 4, 3, bias=False), BatchNormThroughTime(5, 4), LIF(neuron), nn.Flatten(),
              nn.Linear(16, 3, bias=False)]  # fmt: skip
    return nn.Sequential(*layers)


def test_adapted_statistics_are_those_of_all_samples_at_every_step(normed, images):
    found = adapt_norm(normed, images, 5, batch=8)
    drive = unroll(normed[:1], _spikes(images, 5))[0].double()
    torch.testing.assert_close(found[1].running_mean.double(), drive.mean((1, 3, 4)), rtol=1e-4,
                               atol=1e-6)  # fmt: skip
    torch.testing.assert_close(found[1].running_var.double(), drive.var((1, 3, 4)), rtol=1e-4,
                               atol=1e-6)  # fmt: skip
    assert not found.training
    assert torch.equal(found[0].weight, normed[0].weight)
    assert torch.equal(normed[1].running_mean, torch.zeros(5, 4))


def _spikes(images, steps):
    generator = torch.Generator().manual_seed(0)
    parts = [encode(part, steps, generator, "poisson") for part in images.split(8)]
    return torch.cat(parts, dim=1)


def test_adaptation_cures_a_gain_and_needs_norms(normed, net, images):
    software = adapt_norm(normed, images, 5)
    chip = copy.deepcopy(software)
    with torch.no_grad():
        chip[0].weight.mul_(0.3)
    cured = adapt_norm(chip, images, 5)
    rates = [simulate(n, images, 5).rates for n in (software, chip, cured)]
    assert abs(rates[1] - rates[0]).max() > 0.05
    assert abs(rates[2] - rates[0]).max() < 5e-3
    with pytest.raises(ParameterError, match="0 batch norms"):
        adapt_norm(net, images, 5)


def test_ordinary_batch_norm_adapts_too(images):
    torch.manual_seed(2)
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    found = adapt_norm(net, images, 0, batch=7)
    drive = net[0](images).detach()
    torch.testing.assert_close(found[1].running_mean, drive.mean((0, 2, 3)), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(found[1].running_var, drive.var((0, 2, 3)), rtol=1e-3, atol=1e-6)


def test_the_differentiable_way_is_the_mapping_and_its_gradient_is_right(device):
    torch.manual_seed(3)
    weight = torch.randn(7, 2, 3, 2, dtype=torch.float64)
    exact = device.replace(sigma=0.0)
    mapped = map_weights(weight.numpy(), CROSSBAR, exact, chip_generator(0, 0, 0)).weight
    found = through_crossbar(weight, CROSSBAR, exact)
    torch.testing.assert_close(found, torch.from_numpy(mapped), rtol=1e-9, atol=1e-12)
    tiles = torch.randn(2, *CROSSBAR.shape, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda w: applied_weights(w, 1e-5, CROSSBAR, exact), tiles, eps=1e-5, atol=1e-6
    )


@pytest.fixture
def tiny():
    torch.manual_seed(4)
    recipe = load_recipe("digits-ann").replace(batch=16, epochs=1)
    labels = torch.arange(64) % 10
    images = torch.rand(64, 1, 8, 8) * 0.2
    images[torch.arange(64), 0, labels % 8, labels // 2] = 1.0
    return recipe, Dataset("tiny", images, labels, images, labels)


@pytest.mark.parametrize("gradient", ["straight_through", "exact"])
def test_training_through_the_crossbar_lowers_the_loss_on_it(tiny, device, gradient):
    from xbarsim.hardware import to_crossbar

    recipe, data = tiny
    crossbar = CrossbarParams(rows=16, cols=16)
    network, updates = initial_network(recipe), 1 if gradient == "exact" else 6

    def loss(net):
        chip = to_crossbar(net, crossbar, device, allow_unvalidated=True, chip=0)
        with torch.no_grad():
            return nn.functional.cross_entropy(chip(data.train_images), data.train_labels).item()

    tuned = noise_aware_fit(
        network, recipe, data, crossbar, device, updates=updates, gradient=gradient, refresh=3,
    )  # fmt: skip
    assert not torch.equal(tuned[0].weight, network[0].weight)
    assert [type(m) for m in tuned] == [type(m) for m in network]
    assert loss(tuned) < loss(network)


@pytest.mark.parametrize("compensated", [True, False])
def test_training_takes_as_many_updates_as_it_says_and_sees_other_chips(
    tiny, device, monkeypatch, compensated
):
    from xbarsim.cures import training

    recipe, data = tiny
    seen, updates = [], []
    real = training.to_crossbar

    def watch(network, *arrays, **options):
        seen.append(options)
        return real(network, *arrays, **options)

    monkeypatch.setattr(training, "to_crossbar", watch)
    noise_aware_fit(
        initial_network(recipe), recipe, data, CrossbarParams(rows=16, cols=16), device,
        updates=5, gradient="straight_through", refresh=2, on_update=updates.append,
        mapping=MappingSpec(compensated=compensated),
    )  # fmt: skip
    assert sum(updates) == 5
    assert [each["chip"] for each in seen] == [1, 2, 3]
    assert all(each["seed"] != 0 for each in seen)
    if compensated:
        assert all(each["targets"] is seen[0]["targets"] for each in seen)
        assert seen[0]["targets"]["0"].residual <= 1e-6
    else:
        assert [each["targets"] for each in seen] == [None] * 3
    assert training._shortened(recipe, data, 5).epochs == 2
    assert training._shortened(recipe, data, 3).epoch_images == 48
