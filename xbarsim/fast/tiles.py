"""This module is how the compiled kernel is put to work: orientation, threads, progress."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbarsim.parameters import CrossbarParams

_FLOPS_PER_TASK = 5e7


def reversed_array(crossbar: CrossbarParams) -> CrossbarParams:
    """Return the parameters of the same network seen from its sense side.

    By reciprocity I_j per V_i equals the current at input i when bit line j is driven instead. The
    network seen that way is again an array, transposed and with both axes reversed, because sense
    resistors sit at the far end of the bit lines and drivers at the near end of the word lines.
    """
    return CrossbarParams(
        rows=crossbar.cols,
        cols=crossbar.rows,
        r_driver=crossbar.r_sense,
        r_wire_row=crossbar.r_wire_col,
        r_wire_col=crossbar.r_wire_row,
        r_sense=crossbar.r_driver,
    )


def eliminate_tiles(
    conductance: NDArray[Any],
    crossbar: CrossbarParams,
    on_tile: Callable[[int], None] | None = None,
    floating: NDArray[np.bool_] | None = None,
) -> NDArray[Any]:
    """Return the effective conductance of tiles [tile, row, col] by the compiled kernel.

    The march runs along the shorter side, or down the rows when some are ``floating`` [tile, row];
    tiles are shared out to one thread a core.
    """
    if floating is not None:
        return _march(conductance, floating, crossbar, on_tile)
    if crossbar.cols > crossbar.rows:
        turned = conductance.transpose(0, 2, 1)[:, ::-1, ::-1]
        driven = np.zeros(turned.shape[:2], dtype=np.bool_)
        result = _march(turned, driven, reversed_array(crossbar), on_tile)
        return np.ascontiguousarray(result[:, ::-1, ::-1].transpose(0, 2, 1))
    driven = np.zeros(conductance.shape[:2], dtype=np.bool_)
    return _march(conductance, driven, crossbar, on_tile)


def cores() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _march(
    conductance: NDArray[Any],
    floating: NDArray[np.bool_],
    crossbar: CrossbarParams,
    on_tile: Callable[[int], None] | None,
) -> NDArray[Any]:
    from xbarsim.fast.kernel import eliminate

    dtype = conductance.dtype
    g = np.ascontiguousarray(conductance)
    open_row = np.ascontiguousarray(floating)
    out = np.empty(g.shape, dtype)
    along_row = dtype.type(crossbar.r_wire_row)
    r_driver = dtype.type(crossbar.r_driver)
    along_col = np.full(crossbar.cols, crossbar.r_wire_col, dtype)
    r_sense = np.full(crossbar.cols, crossbar.r_sense, dtype)

    def run(part: slice) -> int:
        eliminate(g[part], open_row[part], r_driver, along_row, along_col, r_sense, out[part])
        return int(part.stop - part.start)

    parts = _parts(len(g), crossbar)
    with ThreadPoolExecutor(max_workers=min(cores(), max(len(parts), 1))) as pool:
        for done in pool.map(run, parts):
            if on_tile is not None:
                on_tile(done)
    return out


def _parts(tiles: int, crossbar: CrossbarParams) -> list[slice]:
    """Cut a batch into tasks of some milliseconds each."""
    flops = crossbar.rows * crossbar.cols**2 * (crossbar.rows + crossbar.cols)
    size = max(1, min(int(_FLOPS_PER_TASK / flops), -(-tiles // cores())))
    return [slice(k, min(k + size, tiles)) for k in range(0, tiles, size)]
