"""This module is the fixed point of compensation: cells whose array applies a wanted difference."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbarsim.fast import effective_conductance
from xbarsim.parameters import CrossbarParams, DeviceParams

Array = NDArray[np.float64]

_TILES_AT_A_TIME = 128
_DEPTH = 2


@dataclass(frozen=True)
class FixedPoint:
    r"""Differential pairs as one signed number a pair, and the iteration that moves it.

    The common part of a pair only loads the wires, so one side is always at $G_{min}$: $G^\pm =
    G_{min} + \max(\pm x, 0)$. With T the exact model, $D = T^+ - T^-$ and the target t, the plain
    step is $(t - D)(G^+ + G^-) / (T^+ + T^-)$; Anderson's mixing of the last steps, tile by tile,
    saves a third of them.

    Attributes:
        crossbar: Size and resistances. [Ω]
        device: Programmable range. [S]
        on_tile: Called with the number of arrays just solved.
    """

    crossbar: CrossbarParams
    device: DeviceParams
    on_tile: Callable[[int], None] | None = None

    @property
    def span(self) -> float:
        """Largest difference of a pair. [S]"""
        return self.device.g_max - self.device.g_min

    def cells(self, x: Array) -> Array:
        """Return the pairs [2, tile, row, col] of signed numbers [tile, row, col]. [S]"""
        pairs: Array = self.device.g_min + np.maximum(np.stack([x, -x]), 0.0)
        return pairs

    def solve(
        self, target: Array, start: Array, tolerance: float, *, limited: bool, rounds: int
    ) -> tuple[Array, Array]:
        """Return x [tile, row, col] and the residual of every tile, relative to the largest target.

        Args:
            target: Wanted differences, [tile, row, col]. [S]
            start: First guess of x. [S]
            tolerance: Residual at which a tile is done.
            limited: Keep x within the range; else it may leave it, which tells by how much.
            rounds: Most solutions of a tile.
        """
        scale = max(float(np.abs(target).max(initial=0.0)), np.finfo(float).tiny)
        x, residual = start.copy(), np.full(len(target), np.inf)
        for k in range(0, len(target), _TILES_AT_A_TIME):
            part = slice(k, k + _TILES_AT_A_TIME)
            x[part], residual[part] = self._solve(
                target[part], x[part], tolerance * scale, limited=limited, rounds=rounds
            )
        return x, residual / scale

    def _solve(
        self, target: Array, x: Array, tolerance: float, *, limited: bool, rounds: int
    ) -> tuple[Array, Array]:
        """Iterate a batch; tiles that are done are not solved again."""
        left, residual = np.arange(len(x)), np.full(len(x), np.inf)
        bound = self.span if limited else 20 * self.span
        x = np.clip(x, -bound, bound)
        points: list[Array] = []
        steps: list[Array] = []
        for _ in range(rounds):
            pairs = self.cells(x[left])
            positive, negative = effective_conductance(pairs, self.crossbar, on_tile=self.on_tile)
            gap = target[left] - (positive - negative)
            residual[left] = np.abs(gap).max(axis=(1, 2))
            go = residual[left] > tolerance
            if not go.any():
                break
            step = gap * (pairs[0] + pairs[1]) / np.maximum(positive + negative, 1e-30)
            step, left = step[go], left[go]
            points, steps = [[each[go] for each in past] for past in (points, steps)]
            x[left] = np.clip(_mixed(x[left], step, points, steps), -bound, bound)
        return x, residual


def _mixed(x: Array, step: Array, points: list[Array], steps: list[Array]) -> Array:
    """Return the next x, and remember this one; ``points`` and ``steps`` are the last few."""
    new = x + step
    if steps:
        change = np.stack([step - past for past in steps], axis=1)
        moved = np.stack([x - past for past in points], axis=1)
        normal = np.einsum("tmrc,tnrc->tmn", change, change)
        size = np.trace(normal, axis1=1, axis2=2)[:, None, None]
        normal += (1e-12 * size + 1e-60) * np.eye(len(steps))
        share = np.linalg.solve(normal, np.einsum("tmrc,trc->tm", change, step)[..., None])
        new = new - np.einsum("tm,tmrc->trc", share[..., 0], moved + change)
    points.append(x.copy())
    steps.append(step)
    del points[:-_DEPTH], steps[:-_DEPTH]
    return new
