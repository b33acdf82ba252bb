"""Chips are what their numbers say, wherever they are made."""

import pytest
import torch
from torch import nn

from xbarsim.errors import ParameterError
from xbarsim.hardware import layer_summaries, to_chips, to_crossbar
from xbarsim.parameters import CrossbarParams

CROSSBAR = CrossbarParams(rows=8, cols=6)


@pytest.fixture
def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(9, 7), nn.ReLU(), nn.Linear(7, 2))


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_every_chip_is_the_one_of_its_number(net, device, workers):
    done = []
    found = list(
        to_chips(net, CROSSBAR, device, [4, 0, 2], workers=workers, on_chip=done.append,
                 allow_unvalidated=True, gain="layer")
    )  # fmt: skip
    assert done == [1, 1, 1]
    for number, chip in zip([4, 0, 2], found, strict=True):
        alone = to_crossbar(
            net, CROSSBAR, device, chip=number, allow_unvalidated=True, gain="layer"
        )
        assert torch.equal(chip[0].weight, alone[0].weight)
        assert layer_summaries(chip) == layer_summaries(alone)
    assert not torch.equal(found[0][0].weight, found[1][0].weight)


def test_mistakes_come_back_from_where_chips_are_made(net, device):
    with pytest.raises(ParameterError, match="one or more"):
        next(to_chips(net, CROSSBAR, device, [0], workers=0, allow_unvalidated=True))
    with pytest.raises(ParameterError, match="gain"):
        next(to_chips(net, CROSSBAR, device, [0], allow_unvalidated=True, gain="best"))
