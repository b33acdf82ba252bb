"""Folding batch norm changes no output."""

import pytest
import torch
from torch import nn

from xbarsim.errors import ParameterError
from xbarsim.network import build_network, fold_batch_norm, network_spec


def norm(width, axes):
    return nn.BatchNorm2d(width) if axes == 2 else nn.BatchNorm1d(width)


def test_a_folded_network_computes_the_same():
    network = build_network(network_spec("vgg-digits"), nn.ReLU, seed=0, norm=norm)
    images = torch.rand(12, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    network.train()(images)
    network.eval()
    folded = fold_batch_norm(network)
    assert not any(isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d) for m in folded.modules())
    torch.testing.assert_close(folded(images), network(images), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layers", [[nn.ReLU(), nn.BatchNorm2d(1)], [nn.BatchNorm2d(1)]])
def test_what_cannot_be_folded_is_named(layers):
    with pytest.raises(ParameterError, match=r"follows (ReLU|the input); it can only be folded"):
        fold_batch_norm(nn.Sequential(*layers))
