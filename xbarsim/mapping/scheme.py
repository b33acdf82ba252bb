"""This module is how signed weights are written into cells and read back from their currents.

All schemes end in the same form: a positive and a negative side, [side, slice, tile, row, col],
whose difference times ``unit`` [slice, tile or 1, 1, 1], summed over slices, is the weight.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbarsim.mapping.spec import MappingSpec
from xbarsim.parameters import DeviceParams

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Written:
    """Cells as they are to be programmed.

    Attributes:
        conductance: [side, slice, tile, row, col]; with an offset there is one side, and the last
            column of every tile is the dummy. [S]
        unit: Weight per siemens of difference, [slice, tile or 1, 1, 1]. [1/S]
    """

    conductance: Array
    unit: Array


def write_tiles(weights: Array, used: Array, spec: MappingSpec, device: DeviceParams) -> Written:
    """Write tiles of weights [tile, row, col] into cells; see ``MappingSpec`` for the equations.

    Args:
        weights: Weights, zero where unused.
        used: 1 where a cell holds a weight, else 0, same shape.
        spec: Scheme, bits, scale, unused cells.
        device: Conductance range. [S]
    """
    axes = None if spec.scale == "layer" else (1, 2)
    largest = np.abs(weights).max(axis=axes, keepdims=True, initial=0.0)
    largest = np.where(largest > 0, largest, 1.0)
    lowest = 0.0 if spec.scheme == "proportional" else device.g_min
    span = device.g_max - lowest
    spare = device.g_min if spec.unused == "g_min" else 0.0
    if spec.scheme == "offset":
        sides, factor = ((1 + weights / largest) / 2)[None], 2.0
        zero = np.full((*sides.shape[:-1], 1), 0.5)
        sides = np.concatenate([sides, zero], axis=-1)
        used = np.concatenate([used, used.max(axis=-1, keepdims=True)], axis=-1)
    else:
        sides, factor = np.maximum(np.stack([weights, -weights]) / largest, 0.0), 1.0
    digits, shares = _digits(sides, spec)
    # Rounding must not lift the largest weight above the range that a record covers.
    g = np.minimum(lowest + span * digits, device.g_max)
    if spec.scheme == "proportional":
        g = _floored(g, device.g_min, opened=spec.unused == "open")
    conductance = np.where(used > 0, g, spare)
    unit = factor * shares[:, None, None, None] * largest / span
    return Written(conductance, unit)


def _digits(sides: Array, spec: MappingSpec) -> tuple[Array, Array]:
    """Return cells in [0, 1], [side, slice, ...], and the share of each slice; see ``Written``."""
    if spec.bits_per_cell is None:
        return sides[:, None], np.ones(1)
    base = 2**spec.bits_per_cell
    top = base**spec.slices - (2 if spec.scheme == "offset" else 1)
    code = np.rint(sides * top).astype(np.int64)
    powers = base ** np.arange(spec.slices)
    digits = code[:, None] // powers.reshape(-1, *(1,) * (sides.ndim - 1)) % base
    return digits / (base - 1), powers * (base - 1) / top


def _floored(g: Array, g_min: float, *, opened: bool) -> Array:
    """Raise conductances to the lowest that can be programmed, or open the cell where nearer."""
    raised = np.maximum(g, g_min)
    return np.where(g < g_min / 2, 0.0, raised) if opened else raised


def sides_of(arrays: Array, spec: MappingSpec) -> Array:
    """Return both sides [2, slice, tile, row, col] of what arrays apply: dummies become a side."""
    if spec.scheme != "offset":
        return arrays
    dummy = np.broadcast_to(arrays[0][..., -1:], arrays[0][..., :-1].shape)
    return np.stack([arrays[0][..., :-1], dummy])


def read_tiles(sides: Array, unit: Array) -> Array:
    """Return the weights [tile, row, col] that both sides apply together."""
    weights: Array = ((sides[0] - sides[1]) * unit).sum(axis=0)
    return weights
