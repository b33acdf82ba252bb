"""Simulation: the trace has every time-step, and neither batch nor chunk changes the answer."""

import numpy as np
import pytest
import torch

from xbarsim.errors import ParameterError
from xbarsim.inference import encode_poisson, simulate
from xbarsim.network import LIF, NeuronParams, build_network, network_spec


@pytest.fixture
def net():
    params = NeuronParams(leak=0.7, threshold=0.3, reset="zero")
    return build_network(network_spec("vgg-digits"), lambda: LIF(params), seed=3)


@pytest.fixture
def images():
    return torch.rand(5, 1, 8, 8, generator=torch.Generator().manual_seed(1))


def test_the_trace_has_every_step(net, images):
    trace = simulate(net, images, 6)
    assert trace.logits.shape == (6, 5, 10)
    assert trace.rates.shape == (5, 6)
    assert trace.accuracy(np.zeros(5, dtype=np.int64)).shape == (6,)


@pytest.mark.parametrize("chunk", [1, 2, 4])
def test_chunks_of_time_change_nothing(net, images, chunk):
    whole, cut = simulate(net, images, 6), simulate(net, images, 6, chunk=chunk)
    np.testing.assert_allclose(cut.logits, whole.logits, atol=1e-6)
    np.testing.assert_allclose(cut.rates, whole.rates)


def test_fewer_steps_are_the_beginning_of_more(net, images):
    np.testing.assert_allclose(
        simulate(net, images, 3).logits, simulate(net, images, 8).logits[:3], atol=1e-6
    )


def test_poisson_spikes_have_the_pixels_rate():
    pixels = torch.linspace(0, 1, 11)[None]
    spikes = encode_poisson(pixels, 4000, torch.Generator().manual_seed(0))
    np.testing.assert_allclose(spikes.mean(dim=0), pixels, atol=0.03)
    assert spikes[:, 0, 0].sum() == 0
    assert spikes[:, 0, -1].sum() == 4000


def test_bad_requests_are_refused(net, images):
    with pytest.raises(ParameterError, match="steps is 0"):
        simulate(net, images, 0)
    with pytest.raises(ParameterError, match=r"values in \[0, 1\]"):
        simulate(net, images * 3, 2)
