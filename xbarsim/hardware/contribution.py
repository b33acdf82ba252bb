"""This module is what one tile of a network on crossbars adds to its layer's outputs."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from xbarsim.errors import ParameterError
from xbarsim.hardware.bank import ACTIVE
from xbarsim.hardware.spikes import pulses
from xbarsim.hardware.tiled import TiledLayer
from xbarsim.mapping import MappedLayer

Array = NDArray[np.float64]


def tile_model(read: nn.Module, mapped: MappedLayer) -> Callable[[int, Array], Array]:
    """Return the function that a layer applies to one tile's inputs.

    It takes the number of a tile and inputs [vector, row], and returns what they add to the outputs of
    the tile's columns, gain included, [vector, col].

    Args:
        read: What ``to_crossbar`` put in the layer's place.
        mapped: The weights that its arrays apply.

    Raises:
        ParameterError: If the layer has converters or read noise, which no one function describes.
    """
    tiled = next((m for m in read.modules() if isinstance(m, TiledLayer)), None)
    if tiled is None:
        weights = mapped.plan.cut(mapped.weight)
        return lambda tile, x: np.asarray(x @ weights[tile])
    if tiled.bank.mode != ACTIVE or tiled.bank.limit > 0:
        msg = (
            "tiles are read with converters or read noise, which ngspice's currents cannot be compared "
            "with; leave [reading.adc] and read noise out"
        )
        raise ParameterError(msg)
    return lambda tile, x: _phases(tiled, tile, x)


def _phases(tiled: TiledLayer, tile: int, x: Array) -> Array:
    """Read sizes as the layer does: signs in two phases, pulse widths pattern by pattern."""
    if (x < 0).any():
        return _phases(tiled, tile, np.maximum(x, 0)) - _phases(tiled, tile, np.maximum(-x, 0))
    if tiled.driver.coding != "width":
        return _rational(tiled, tile, x)
    total = np.zeros((len(x), tiled.bank.scale.shape[-1]))
    for step, pattern in pulses(torch.from_numpy(x), tiled.driver):
        total += step * _rational(tiled, tile, pattern.numpy())
    return total


def _rational(tiled: TiledLayer, tile: int, x: Array) -> Array:
    """Return x @ A / (1 + [x > 0] @ B) of both sides, their difference, summed over slices."""
    total: Array = np.zeros(())
    for cells, scale in zip(tiled.bank.cells[:, tile], tiled.bank.scale[:, tile], strict=True):
        plane = cells.astype(np.float64).reshape(len(cells), 4, -1)
        sides = [(x @ plane[:, k]) / (1 + (x > 0) @ plane[:, 2 + k]) for k in (0, 1)]
        total = total + (sides[0] - sides[1]) * scale
    return total
