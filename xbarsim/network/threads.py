"""This module is how compiled loops share out their work: as many threads as torch has."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray

_COST_PER_THREAD = 500_000


def in_threads(run: Callable[[int, int], None], count: int, costs: int | NDArray[np.int64]) -> None:
    """Call ``run(first, last)`` on parts of ``count`` items that cost about the same, one a thread.

    Args:
        run: Works on items ``first`` to before ``last``, without the interpreter's lock.
        count: Number of items.
        costs: What each item costs, in simple operations, or all of them alike; little work is not
            worth a thread.
    """
    each = np.asarray(costs, dtype=np.int64)
    whole = int(each.sum() if each.ndim else each * count)
    threads = max(1, min(torch.get_num_threads(), count, whole // _COST_PER_THREAD))
    if threads == 1:
        run(0, count)
        return
    shares = np.arange(1, threads) / threads
    inner = np.searchsorted(each.cumsum(), shares * whole) if each.ndim else shares * count
    bounds = [0, *inner.astype(int).tolist(), count]
    with ThreadPoolExecutor(max_workers=threads) as pool:
        for _ in pool.map(run, bounds, bounds[1:]):
            pass
