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

_ROUNDS, _COARSE_ROUNDS = 100, 25
_COARSE, _SETTLED = 1e-3, 1e-2
_FIRST_SHARE, _LEAST_SHARE = 0.5, 0.1
# A search ends between these shares of the range, so within 2 % of the largest gain.
_ENOUGH, _FULL = 0.98, 0.998
_SEARCHES, _STEPS = 6, 16


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
        InfeasibleError: If no gain down to a tenth of the least-squares gain is feasible.
    """
    wanted = pairs[0] - pairs[1]
    if not wanted.any():
        return CompensatedPairs(np.full_like(pairs, device.g_min), 1.0, 0.0, 1.0)
    applied = np.subtract(*effective_conductance(pairs, crossbar, on_tile=on_tile))
    best = float((applied * wanted).sum() / (wanted * wanted).sum())
    point = FixedPoint(crossbar, device, on_tile)
    search = _start(point, wanted, best)
    for _ in range(_SEARCHES):
        search.climb()
        left = search.finish(tolerance)
        if left <= tolerance:
            pairs = np.minimum(point.cells(search.x), device.g_max)
            return CompensatedPairs(pairs, search.gain, left, best)
    msg = (
        f"IR drop cannot be compensated within {device.g_min:g} to {device.g_max:g} S: the residual "
        f"is {left:.1e} at {search.gain / best:.2f} of the gain; use smaller tiles or less resistive "
        "wires"
    )
    raise InfeasibleError(msg)


@dataclass
class _Search:
    """The search for the largest feasible gain, on the tiles that come closest to the limit.

    Attributes:
        point: The iteration.
        wanted: Wanted differences, [tile, row, col]. [S]
        gain: Largest gain so far that is feasible for the tiles in ``hard``.
        x: Solution for it, exact to a thousandth at first. [S]
        hard: Tiles that set the limit.
        above: A gain that is not feasible.
    """

    point: FixedPoint
    wanted: Array
    gain: float
    x: Array
    hard: NDArray[np.intp]
    above: float = float("inf")

    def climb(self) -> None:
        """Raise the gain until the hard tiles use the range up.

        Cells grow faster than the gain, as they load the wires: steps follow a secant of logarithms.
        """
        wanted, x = self.wanted[self.hard], self.x[self.hard]
        gain, most, slope = self.gain, self._usage(x), 1.5
        for _ in range(_STEPS):
            if most >= _ENOUGH or self.above <= 1.005 * gain:
                break
            trial = gain * min((0.5 * (_ENOUGH + _FULL) / max(most, 1e-30)) ** (1 / slope), 1.3)
            if trial >= self.above:
                trial = float(np.sqrt(gain * self.above))
            new, left = self.point.solve(
                trial * wanted, x * (trial / gain) ** slope, _COARSE, limited=False,
                rounds=_COARSE_ROUNDS,
            )  # fmt: skip
            now, settled = self._usage(new), float(left.max()) <= _SETTLED
            if settled:
                slope = float(np.clip(np.log(now / most) / np.log(trial / gain), 1.0, 8.0))
            if settled and now <= _FULL:
                gain, x, most = trial, new, now
            else:
                self.above = trial
        self.x *= gain / self.gain
        self.x[self.hard] = x
        self.gain = gain

    def finish(self, tolerance: float) -> float:
        """Solve all tiles at the gain; return the largest residual, and look at its tiles if any."""
        x, left = self.point.solve(
            self.gain * self.wanted, self.x, tolerance, limited=True, rounds=_ROUNDS
        )
        failed = np.flatnonzero(left > tolerance)
        if not len(failed):
            self.x = x
            return float(left.max())
        # Tiles that the search did not see: from a gain where they are easy, up to this one.
        self.above = self.gain
        self.hard = np.union1d(self.hard, failed)
        self.gain *= 0.8
        self.x *= 0.8
        self.x[self.hard], _ = self.point.solve(
            self.gain * self.wanted[self.hard], self.x[self.hard], _COARSE, limited=False,
            rounds=_COARSE_ROUNDS,
        )  # fmt: skip
        return float(left.max())

    def _usage(self, x: Array) -> float:
        """Return the largest share of the range that a pair needs."""
        return float(np.abs(x).max()) / self.point.span


def _start(point: FixedPoint, wanted: Array, best: float) -> _Search:
    """Solve all tiles at a gain that is easy, and find those that will set the limit.

    Raises:
        InfeasibleError: If there is no such gain.
    """
    gain = _FIRST_SHARE * best
    while gain > _LEAST_SHARE * best:
        x, left = point.solve(
            gain * wanted, gain * wanted, _COARSE, limited=False, rounds=_COARSE_ROUNDS
        )
        usage = np.abs(x).max(axis=(1, 2)) / point.span
        if left.max() <= _SETTLED and usage.max() <= _FULL:
            hard = np.argsort(-usage)[: max(8, len(x) // 20)]
            return _Search(point, wanted, gain, x, hard)
        gain *= 0.7
    msg = (
        f"IR drop cannot be compensated within {point.device.g_min:g} to {point.device.g_max:g} S, "
        f"not even at {_LEAST_SHARE} of the gain that there is; use smaller tiles or less resistive "
        "wires"
    )
    raise InfeasibleError(msg)
