"""Distrust finds a wrong tile, and lets right ones pass whatever the mapping."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from xbarsim.errors import ParameterError, SolveError
from xbarsim.hardware import to_crossbar
from xbarsim.hardware.recheck import recheck_tiles
from xbarsim.mapping import MappingSpec

SPECS = [
    MappingSpec(),
    MappingSpec(scheme="offset", gain="tile", unrolling="position", scale="tile"),
    MappingSpec(scheme="proportional", bits_per_cell=2, slices=3, unused="open"),
    MappingSpec(order="strong_near", gain="none"),
    MappingSpec(gain="bitline"),
    MappingSpec(gain="bitline", scheme="offset", bits_per_cell=2, slices=2),
]


@pytest.fixture
def network():
    torch.manual_seed(3)
    return nn.Sequential(nn.Conv2d(2, 4, 3, bias=False), nn.Flatten(), nn.Linear(16, 7)).double()


@pytest.mark.parametrize("spec", SPECS)
def test_right_tiles_pass(network, crossbar, device, spec):
    seen = []
    wrap = recheck_tiles(crossbar, spec, share=1.0, tolerance=1e-11, on_tile=seen.append)
    to_crossbar(network, crossbar, device, allow_unvalidated=True, mapping=spec, wrap=wrap)
    assert len(seen) >= 6


def test_a_wrong_weight_or_cell_aborts_the_run(network, crossbar, device):
    def spoiled(*args):
        name, layer, read, programmed, mapped = args
        weight = mapped.weight.copy()
        weight[(0,) * weight.ndim] += 1e-6 * np.abs(weight).max()
        return check(name, layer, read, programmed, replace(mapped, weight=weight))

    check = recheck_tiles(crossbar, share=1.0)
    with pytest.raises(SolveError, match=r"layer '0', tile 0.*allowed 1e-09"):
        to_crossbar(network, crossbar, device, allow_unvalidated=True, wrap=spoiled)
    other = recheck_tiles(crossbar.replace(r_wire_row=7.1), share=1.0)
    with pytest.raises(SolveError):
        to_crossbar(network, crossbar, device, allow_unvalidated=True, wrap=other)


def test_a_share_is_a_share(crossbar):
    with pytest.raises(ParameterError, match="share is 0"):
        recheck_tiles(crossbar, share=0)
