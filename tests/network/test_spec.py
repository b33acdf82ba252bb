"""A network is written as data; the deep ones end in one pixel."""

import pytest
import torch
from torch import nn

from xbarsim.errors import ParameterError
from xbarsim.network import NetworkSpec, build_network, network_spec


@pytest.mark.parametrize(
    ("name", "weights", "last"),
    [
        # Sums of 9 c_in c_out over convolutions, plus the fully connected layers.
        ("vgg5-mnist", 576 + 73728 + 147456 + 6272 * 1024 + 10240, 6272),
        ("vgg9-cifar10", 1728 + 36864 + 73728 + 147456 + 294912 + 2 * 589824 + 4096 * 1024 + 10240,
         4096),
        ("vgg11-cifar10", 1728 + 73728 + 294912 + 589824 + 1179648 + 3 * 2359296 + 512 * 4096
         + 40960, 512),
        ("vgg16-cifar10", 1728 + 36864 + 73728 + 147456 + 294912 + 2 * 589824 + 1179648
         + 5 * 2359296 + 512 * 4096 + 4096**2 + 40960, 512),
    ],
)  # fmt: skip
def test_named_networks_have_the_widths_of_the_paper(name, weights, last):
    network = build_network(network_spec(name), nn.ReLU, seed=0)
    assert sum(p.numel() for p in network.parameters()) == weights
    first_linear = next(layer for layer in network if isinstance(layer, nn.Linear))
    assert first_linear.in_features == last


def test_a_specification_may_be_given_itself():
    spec = NetworkSpec(name="mine", input_shape=(2, 6, 4), features=(3, "A"), hidden=(), classes=5)
    assert network_spec(spec) is spec
    network = build_network(network_spec(spec), nn.ReLU, seed=0, bias=True)
    assert network(torch.ones(1, 2, 6, 4)).shape == (1, 5)
    assert [m.bias is None for m in network if hasattr(m, "bias")] == [False, True]
    with pytest.raises(ParameterError, match="known: vgg-digits"):
        network_spec("vgg7")
