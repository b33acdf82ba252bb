"""Chips are what their numbers say, wherever they are made."""

import logging

import pytest
import torch
from distributed import LocalCluster
from torch import nn

from xbarsim.errors import ParameterError
from xbarsim.hardware import layer_summaries, to_chips, to_crossbar
from xbarsim.mapping import MappingSpec
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


def test_dask_workers_make_the_same_chips_in_the_same_order(net, device):
    options = {"allow_unvalidated": True, "mapping": MappingSpec(compensated=True)}
    numbers = [3, 1, 7, 0, 2]
    with LocalCluster(
        n_workers=1, threads_per_worker=2, dashboard_address=None, silence_logs=logging.CRITICAL
    ) as cluster:
        found = list(
            to_chips(net, CROSSBAR, device, numbers, scheduler=cluster.scheduler_address, **options)
        )
    assert len(found) == 5
    for number, chip in zip(numbers, found, strict=True):
        alone = to_crossbar(net, CROSSBAR, device, chip=number, **options)
        for name, tensor in alone.state_dict().items():
            assert torch.equal(chip.state_dict()[name], tensor)
        assert layer_summaries(chip) == layer_summaries(alone)


def test_mistakes_come_back_from_where_chips_are_made(net, device):
    with pytest.raises(ParameterError, match="one or more"):
        next(to_chips(net, CROSSBAR, device, [0], workers=0, allow_unvalidated=True))
    with pytest.raises(ParameterError, match="gain"):
        next(to_chips(net, CROSSBAR, device, [0], allow_unvalidated=True, gain="best"))
