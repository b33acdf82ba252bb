"""Conversion finds the thresholds of Algorithm 1, and batch norm does not stand in its way."""

import pytest
import torch
from torch import nn

from xbarsim.errors import ParameterError
from xbarsim.inference import encode_poisson, simulate
from xbarsim.learning import convert, search_thresholds
from xbarsim.network import LIF, build_network, network_spec


@pytest.fixture
def images():
    return torch.rand(8, 1, 8, 8, generator=torch.Generator().manual_seed(3))


def thresholds(network):
    return [float(m.threshold) for m in network if isinstance(m, LIF)]


def test_the_first_threshold_is_the_largest_drive(images):
    network = build_network(network_spec("vgg-digits"), nn.ReLU, seed=0)
    spiking = convert(network, images, 60, seed=5)
    spikes = encode_poisson(images, 60, torch.Generator().manual_seed(5))
    drive = network[0](spikes.flatten(0, 1)).detach()
    assert thresholds(spiking)[0] == pytest.approx(float(drive.max()))
    lower = convert(network, images, 60, seed=5, percentile=99.9)
    assert thresholds(lower)[0] < thresholds(spiking)[0]


@pytest.mark.parametrize("percentile", [100.0, 99.9])
def test_batches_change_no_threshold(percentile, images):
    network = build_network(network_spec("vgg-digits"), LIF, seed=0)
    # Black and white pixels leave nothing to chance.
    images = images.round()
    whole, parts = (
        search_thresholds(network, images, 40, percentile=percentile, batch=batch)
        for batch in (8, 3)
    )
    assert thresholds(parts) == pytest.approx(thresholds(whole))
    drive = torch.stack([network[0](images)] * 40).flatten().detach()
    k = round(len(drive) * percentile / 100)
    assert thresholds(whole)[0] == pytest.approx(float(drive.kthvalue(k).values))


def test_batch_norm_is_folded(images):
    network = build_network(
        network_spec("vgg-digits"),
        nn.ReLU,
        seed=0,
        norm=lambda width, axes: nn.BatchNorm2d(width) if axes else nn.BatchNorm1d(width),
    )
    network.train()(images)
    spiking = convert(network.eval(), images, 6)
    assert len(thresholds(spiking)) == 5
    assert min(thresholds(spiking)) > 0


def test_rates_stand_for_activations_with_biases_too(images):
    """Biases are in units of the thresholds before them, at the first search and at later ones."""
    torch.manual_seed(4)
    network = nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2), nn.Dropout(0.5), nn.Flatten(),
        nn.Linear(96, 12), nn.ReLU(), nn.Linear(12, 7), nn.ReLU(), nn.Linear(7, 3),
    )  # fmt: skip
    network.eval()
    for layer in network:
        if isinstance(layer, nn.Linear):
            layer.bias.data.normal_(0, 0.5)
    # Black and white pixels leave nothing to chance.
    images = images.round()
    wanted = network(images).detach()
    spiking = convert(network, images, 400)
    for found in (spiking, search_thresholds(spiking, images, 60, percentile=99.9)):
        logits = torch.from_numpy(simulate(found, images, 1000).logits[-1])
        scale = torch.tensor(thresholds(found)).prod()
        torch.testing.assert_close(logits * scale, wanted, atol=0.04, rtol=0)


def test_a_layer_that_spikes_cannot_stand_for_is_named(images):
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
    with pytest.raises(ParameterError, match="MaxPool2d cannot be converted"):
        convert(network, images, 2)


def test_nothing_to_convert_is_an_error(images):
    with pytest.raises(ParameterError, match="no ReLU layer"):
        convert(nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), images, 2)
