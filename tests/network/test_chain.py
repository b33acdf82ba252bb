"""Any feed-forward network is a row of layers, whatever its forward method looks like."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from xbarsim.errors import ParameterError
from xbarsim.network import as_sequential


class Written(nn.Module):
    """A network whose forward method mixes modules and functions."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU())
        self.conv = nn.Conv2d(3, 4, 3)
        self.hidden = nn.Linear(16, 5, bias=False)
        self.out = nn.Linear(5, 3)

    def forward(self, x):
        x = functional.relu(self.conv(self.features(x)), inplace=True)
        x = functional.avg_pool2d(x, 2, stride=(2, 3))
        x = functional.dropout(x, 0.5, self.training)
        x = x.view(x.size(0), -1)
        return self.out(torch.relu(self.hidden(x)))


class Branch(nn.Module):
    """A residual block."""

    def __init__(self):
        super().__init__()
        self.one = nn.Linear(4, 4)

    def forward(self, x):
        return x + torch.relu(self.one(x))


class Curved(nn.Module):
    """A network with a function that is no layer."""

    def forward(self, x):
        return torch.sin(x)


class Looping(nn.Module):
    """A network that looks at its data."""

    def forward(self, x):
        return x if x.sum() > 0 else -x


def test_a_written_forward_becomes_its_layers():
    torch.manual_seed(1)
    network = Written().eval()
    x = torch.randn(5, 2, 6, 8)
    chain = as_sequential(network)
    assert [type(layer).__name__ for layer in chain] == [
        "Conv2d", "BatchNorm2d", "ReLU", "Conv2d", "ReLU", "AvgPool2d", "Dropout", "Flatten",
        "Linear", "ReLU", "Linear",
    ]  # fmt: skip
    assert chain[3] is network.conv
    assert torch.equal(chain.eval()(x), network(x))


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (Branch(), "'add' of Branch does not follow"),
        (Curved(), "calls sin"),
        (Looping(), "cannot be followed"),
    ],
)
def test_what_is_no_chain_is_named(network, words):
    with pytest.raises(ParameterError, match=words):
        as_sequential(network)
