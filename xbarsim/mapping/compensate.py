"""This module is the cure for IR drop: arrays that apply the wanted matrix, times one gain."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbarsim.errors import InfeasibleError
from xbarsim.fast import effective_conductance
from xbarsim.mapping.fixed_point import FixedPoint
from xbarsim.parameters import CrossbarParams, DeviceParams

Array = NDArray[np.float64]

_ROUNDS, _COARSE_ROUNDS = 60, 12
_COARSE = 1e-3
_FULL = 0.995
_LEAST_SHARE = 0.3


@dataclass(frozen=True)
class CompensatedPairs:
    """Differential pairs that make up for the wires.

    Attributes:
        conductance: Positive and negative arrays, [2, tile, row, col], within the device's range. [S]
        gain: The effective matrix is this share of the wanted one, the same in every tile.
        residual: Largest deviation from gain x wanted, relative to its largest entry.
        uncompensated_gain: Least-squares gain of the pairs as they were: what compensation gives
            away, or wins, is the ratio of both.
    """

    conductance: Array
    gain: float
    residual: float
    uncompensated_gain: float


def compensate(
    pairs: Array,
    crossbar: CrossbarParams,
    device: DeviceParams,
    *,
    tolerance: float = 1e-6,
    on_tile: Callable[[int], None] | None = None,
) -> CompensatedPairs:
    """Find pairs whose effective difference is the wanted difference times the largest feasible gain.

    The gain is the same for all tiles, and the largest at which no cell leaves the range: it is
    searched on the tiles that come closest to the limit. See ``FixedPoint`` for the iteration.

    Args:
        pairs: Uncompensated positive and negative conductances, [2, tile, row, col]. [S]
        crossbar: Size and resistances. [Ω]
        device: Programmable range. [S]
        tolerance: Residual that counts as reached.
        on_tile: Called with the number of arrays just solved.

    Returns:
        The pairs, the gain, the residual that is left, and the gain without compensation.

    Raises:
        InfeasibleError: If no gain down to 0.3 of the least-squares gain is feasible.
    """
    wanted = pairs[0] - pairs[1]
    if not wanted.any():
        return CompensatedPairs(np.full_like(pairs, device.g_min), 1.0, 0.0, 1.0)
    applied = np.subtract(*effective_conductance(pairs, crossbar, on_tile=on_tile))
    best = float((applied * wanted).sum() / (wanted * wanted).sum())
    point = FixedPoint(crossbar, device, on_tile)
    gain, x = _largest_gain(point, wanted, best)
    residual = float("inf")
    while gain >= _LEAST_SHARE * best:
        x, left = point.solve(gain * wanted, x, tolerance, limited=True, rounds=_ROUNDS)
        residual = float(left.max())
        if residual <= tolerance:
            return CompensatedPairs(np.minimum(point.cells(x), device.g_max), gain, residual, best)
        gain, x = 0.97 * gain, 0.97 * x
    msg = (
        f"IR drop cannot be compensated within {device.g_min:g} to {device.g_max:g} S: the residual "
        f"is {residual:.1e} at {_LEAST_SHARE} of the gain; use smaller tiles or less resistive wires"
    )
    raise InfeasibleError(msg)


def _largest_gain(point: FixedPoint, wanted: Array, best: float) -> tuple[float, Array]:
    """Return the largest feasible gain, nearly, and a first guess of all tiles for it."""
    gain, x = best, best * wanted
    x, left = point.solve(gain * wanted, x, _COARSE, limited=False, rounds=_COARSE_ROUNDS)
    usage = np.abs(x).max(axis=(1, 2)) / point.span
    # A tile that has not settled, or needs most of the range, sets the limit.
    hard = np.argsort(-np.where(left > 0.1, np.inf, usage))[: max(8, len(x) // 20)]
    few, left, start, before = x[hard], left[hard], gain, (0.0, 0.0)
    slope = 2.0
    for _ in range(12):
        most = float(np.abs(few).max()) / point.span
        settled = left.max() <= 0.01
        if settled and 0.98 <= most <= 1.0:
            break
        # Cells grow faster than the gain, as they load the wires: a secant of the logarithms.
        here = (float(np.log(gain)), float(np.log(max(most, 1e-30))))
        if settled and before != (0.0, 0.0) and abs(here[0] - before[0]) > 1e-6:
            slope = float(np.clip((here[1] - before[1]) / (here[0] - before[0]), 1.0, 6.0))
        ratio = (_FULL / most) ** (1 / slope) if settled and most > 0 else 0.85
        before = here if settled else (0.0, 0.0)
        gain, few = gain * ratio, few * ratio
        if gain < _LEAST_SHARE * best:
            break
        few, left = point.solve(
            gain * wanted[hard], few, _COARSE, limited=False, rounds=_COARSE_ROUNDS
        )
    x = x * (gain / start)
    x[hard] = few
    return gain, x
