"""This module is the cure for IR drop: arrays that apply the wanted matrix, times one gain."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbarsim.errors import SolveError
from xbarsim.fast import effective_conductance
from xbarsim.parameters import CrossbarParams, DeviceParams

Array = NDArray[np.float64]

_ROUNDS = 60
_SHARES = (0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.6, 0.5, 0.4, 0.3)


@dataclass(frozen=True)
class CompensatedPairs:
    """Differential pairs that make up for the wires.

    Attributes:
        conductance: Positive and negative arrays, [2, tile, row, col], within the device's range. [S]
        gain: The effective matrix is this share of the wanted one, the same in every tile.
        residual: Largest deviation from gain x wanted, relative to its largest entry.
    """

    conductance: Array
    gain: float
    residual: float


def compensate(
    pairs: Array,
    crossbar: CrossbarParams,
    device: DeviceParams,
    *,
    tolerance: float = 1e-6,
    on_tile: Callable[[int], None] | None = None,
) -> CompensatedPairs:
    r"""Find pairs whose effective difference is the wanted difference times the largest feasible gain.

    Fixed point, with $T$ the exact model, $W = G^+ - G^-$ as first programmed and $D = T(G^+) -
    T(G^-)$: the correction $(cW - D)\,(G^+ + G^-)/(T^+ + T^-)$ goes to $G^+$ where positive and to
    $G^-$ where negative, the common part of a pair is taken off down to $G_{min}$, and both are
    clipped to the range. Gains c are tried from 0.95 of the least-squares gain downwards.

    Args:
        pairs: Uncompensated positive and negative conductances, [2, tile, row, col]. [S]
        crossbar: Size and resistances. [Ω]
        device: Programmable range. [S]
        tolerance: Residual that counts as reached.
        on_tile: Called with the number of arrays just solved.

    Returns:
        The pairs, the gain and the residual that is left.

    Raises:
        SolveError: If no gain down to 0.3 of the least-squares gain is feasible.
    """
    wanted = pairs[0] - pairs[1]
    applied = np.subtract(*effective_conductance(pairs, crossbar, on_tile=on_tile))
    best = float((applied * wanted).sum() / max((wanted * wanted).sum(), np.finfo(float).tiny))
    residual = float("inf")
    for share in _SHARES:
        found, residual = _fixed_point(
            pairs, share * best * wanted, crossbar, device, tolerance, on_tile
        )
        if residual <= tolerance:
            return CompensatedPairs(found, share * best, residual)
    msg = (
        f"IR drop cannot be compensated within {device.g_min:g} to {device.g_max:g} S: the residual "
        f"is {residual:.1e} at {_SHARES[-1]} of the gain; use smaller tiles or less resistive wires"
    )
    raise SolveError(msg)


def _fixed_point(
    start: Array,
    target: Array,
    crossbar: CrossbarParams,
    device: DeviceParams,
    tolerance: float,
    on_tile: Callable[[int], None] | None,
) -> tuple[Array, float]:
    """Iterate at one gain; give up early when the residual has stopped falling."""
    g = start.copy()
    scale = max(float(np.abs(target).max()), np.finfo(float).tiny)
    before = float("inf")
    for k in range(_ROUNDS):
        positive, negative = effective_conductance(g, crossbar, on_tile=on_tile)
        gap = target - (positive - negative)
        residual = float(np.abs(gap).max()) / scale
        if residual <= tolerance:
            break
        if k % 10 == 9:
            if residual > 0.3 * before:
                break
            before = residual
        step = gap * (g[0] + g[1]) / (positive + negative)
        g = np.stack([g[0] + np.maximum(step, 0.0), g[1] + np.maximum(-step, 0.0)])
        g = np.clip(g - np.maximum(g.min(axis=0) - device.g_min, 0.0), device.g_min, device.g_max)
    return g, residual
