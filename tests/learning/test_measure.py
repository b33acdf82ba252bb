"""Accuracy is counted over the test images asked for, at every time-step."""

import numpy as np
import pytest
import torch

from xbarsim.data import Dataset
from xbarsim.inference import classify, simulate
from xbarsim.learning import measure_accuracy
from xbarsim.network import LIF, NeuronParams, build_network, network_spec


@pytest.fixture
def data() -> Dataset:
    stream = torch.Generator().manual_seed(7)
    images = torch.rand(150, 1, 8, 8, generator=stream)
    labels = torch.randint(0, 10, (150,), generator=stream)
    return Dataset("tiny", images[:4], labels[:4], images, labels, {})


def test_with_time(data):
    params = NeuronParams(leak=0.9, threshold=0.7, reset="zero")
    network = build_network(network_spec("vgg-digits"), lambda: LIF(params), seed=1)
    seen: list[int] = []
    accuracy, rates = measure_accuracy(network, data, 5, images=140, on_batch=seen.append)
    trace = simulate(network, data.test_images[:140], 5)
    labels = data.test_labels[:140].numpy()
    np.testing.assert_array_equal(accuracy, trace.accuracy(labels))
    np.testing.assert_allclose(rates, trace.rates)
    assert len(set(accuracy)) > 1
    assert sum(seen) == 140


def test_without_time(data):
    network = build_network(network_spec("vgg-digits"), torch.nn.ReLU, seed=1)
    accuracy, rates = measure_accuracy(network, data, 0, images=77)
    wanted = (classify(network, data.test_images[:77]) == data.test_labels[:77].numpy()).mean()
    assert accuracy == [wanted]
    assert rates.size == 0
