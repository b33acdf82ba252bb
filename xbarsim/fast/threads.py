"""This module is tiles fitted side by side: one a core, one thread of linear algebra each."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from xbarsim.fast.tiles import cores

Result = TypeVar("Result")


def tile_by_tile(
    fit: Callable[[NDArray[np.float64]], Result],
    tiles: NDArray[np.float64],
    on_tile: Callable[[int], None] | None = None,
) -> list[Result]:
    """Return ``fit`` of every tile [tile, row, col], in order.

    Args:
        fit: What to do with one tile; it must release the interpreter where it works.
        tiles: Cell conductances. [S]
        on_tile: Called with the number of tiles just done, for progress bars.
    """
    from threadpoolctl import threadpool_limits

    results = []
    workers = max(1, min(cores(), len(tiles)))
    with threadpool_limits(1), ThreadPoolExecutor(max_workers=workers) as pool:
        for result in pool.map(fit, tiles):
            results.append(result)
            if on_tile is not None:
                on_tile(1)
    return results
