"""Encoders: their values, their means, their independence of how time is cut."""

import pytest
import torch

from xbarsim.errors import ParameterError
from xbarsim.inference import encode, simulate
from xbarsim.network import LIF, NeuronParams, build_network, network_spec


def stream():
    return torch.Generator().manual_seed(11)


def test_poisson_is_binary_with_the_pixel_as_mean():
    images = torch.tensor([[0.0, 0.2, 1.0]])
    spikes = encode(images, 4000, stream(), "poisson")
    assert set(spikes.unique().tolist()) == {0.0, 1.0}
    torch.testing.assert_close(spikes.mean(dim=0), images, atol=0.03, rtol=0)


def test_ternary_has_half_the_pixel_as_mean_and_its_sign():
    images = torch.tensor([[-1.0, 0.0, 0.5, 3.0]])
    spikes = encode(images, 4000, stream(), "ternary")
    assert set(spikes.unique().tolist()) == {-1.0, 0.0, 1.0}
    wanted = torch.tensor([[-0.5, 0.0, 0.25, 1.0]])
    torch.testing.assert_close(spikes.mean(dim=0), wanted, atol=0.03, rtol=0)


def test_direct_is_the_image_at_every_step():
    images = torch.rand(2, 3, generator=stream())
    assert torch.equal(encode(images, 3, stream(), "direct"), torch.stack([images] * 3))


def test_poisson_refuses_pixels_outside_its_range():
    with pytest.raises(ParameterError, match="pixels run from -1 to 2"):
        encode(torch.tensor([[-1.0, 2.0]]), 1, stream(), "poisson")


@pytest.mark.parametrize("encoder", ["poisson", "ternary", "direct"])
def test_chunks_of_time_change_nothing(encoder):
    network = build_network(
        network_spec("vgg-digits"), lambda: LIF(NeuronParams(leak=0.9, threshold=0.4)), seed=0
    )
    images = torch.rand(5, 1, 8, 8, generator=stream())
    whole = simulate(network, images, 6, encoder=encoder)
    parts = simulate(network, images, 6, encoder=encoder, chunk=4)
    assert (whole.rates > 0).any()
    torch.testing.assert_close(torch.tensor(whole.logits), torch.tensor(parts.logits))
    assert (whole.rates == parts.rates).all()
