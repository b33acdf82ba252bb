"""This module is how the compiled kernel is put to work: orientation, threads, progress."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbarsim.fast.lines import Lines

_FLOPS_PER_TASK = 5e7

Mask = NDArray[np.bool_]


def eliminate_tiles(
    conductance: NDArray[Any],
    lines: Lines,
    on_tile: Callable[[int], None] | None = None,
    floating: Mask | None = None,
) -> NDArray[Any]:
    """Return the effective conductance of tiles [tile, row, col] by the compiled kernel.

    ``floating`` [tile, row] says which word lines have no driver. The march runs down the rows or,
    where that is cheaper, along them. Tiles are shared out to one thread a core.
    """
    turn = lines.turned().cost < lines.cost
    return march_tiles(conductance, lines, floating, on_tile=on_tile, turn=turn)


def march_tiles(
    conductance: NDArray[Any],
    lines: Lines,
    floating: Mask | None = None,
    *,
    turn: bool,
    on_tile: Callable[[int], None] | None = None,
) -> NDArray[Any]:
    """March down the rows, or ``turn`` the arrays first: floating word lines are then open ends.

    What reaches the upper ends of bit lines, where they are sensed too, is a second march.
    """
    lines = lines.floored(float(conductance.max(initial=0.0)))
    tiles, rows, cols = conductance.shape
    open_row = np.zeros((tiles, rows), np.bool_) if floating is None else floating
    all_sensed = np.zeros((tiles, cols), np.bool_)
    if turn:
        turned = conductance.transpose(0, 2, 1)[:, ::-1, ::-1]
        ends = open_row[:, ::-1]
        result = _marches(turned, all_sensed[:, ::-1], ends, lines.turned(), on_tile)
        # A view of one cell counts as contiguous, with strides that torch refuses.
        return result[:, ::-1, ::-1].transpose(0, 2, 1).copy()
    return _marches(conductance, open_row, all_sensed, lines, on_tile)


def cores() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _marches(
    g: NDArray[Any],
    floating: Mask,
    open_end: Mask,
    lines: Lines,
    on_tile: Callable[[int], None] | None,
) -> NDArray[Any]:
    """Return what reaches all ends of the bit lines: the lower ones, then the upper ones."""
    down = _march(g, floating, open_end, lines, on_tile)
    if not lines.two_ended:
        return down
    up = _march(g[:, ::-1], floating[:, ::-1], open_end, lines.flipped(), None)
    down += up[:, ::-1]
    return down


def _march(
    conductance: NDArray[Any],
    floating: Mask,
    open_end: Mask,
    lines: Lines,
    on_tile: Callable[[int], None] | None,
) -> NDArray[Any]:
    from xbarsim.fast.kernel import eliminate

    kind = conductance.dtype.type
    g = np.ascontiguousarray(conductance)
    open_row, open_end = np.ascontiguousarray(floating), np.ascontiguousarray(open_end)
    out = np.empty(g.shape, kind)
    along_row = np.ascontiguousarray(np.broadcast_to(lines.row, (lines.rows, lines.cols - 1)), kind)
    along_col = np.ascontiguousarray(np.broadcast_to(lines.col, (lines.rows - 1, lines.cols)), kind)
    left, bottom = kind(lines.left), kind(lines.bottom)
    right, top = (kind(0 if end is None else 1 / end) for end in (lines.right, lines.top))

    def run(part: slice) -> int:
        ends = open_row[part], open_end[part]
        eliminate(g[part], *ends, left, right, along_row, along_col, top, bottom, out[part])
        return int(part.stop - part.start)

    parts = _parts(len(g), lines)
    with ThreadPoolExecutor(max_workers=min(cores(), max(len(parts), 1))) as pool:
        for done in pool.map(run, parts):
            if on_tile is not None:
                on_tile(done)
    return out


def _parts(tiles: int, lines: Lines) -> list[slice]:
    """Cut a batch into tasks of some milliseconds each."""
    flops = lines.rows * lines.cols**2 * (lines.rows + lines.cols)
    size = max(1, min(int(_FLOPS_PER_TASK / flops), -(-tiles // cores())))
    return [slice(k, min(k + size, tiles)) for k in range(0, tiles, size)]
