"""This module is how compiled loops share out their work: as many threads as torch has."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from queue import Empty, SimpleQueue

import torch

_COST_PER_THREAD = 500_000
_PARTS_PER_THREAD = 4


def in_threads(run: Callable[[int, int], None], count: int, cost: int) -> None:
    """Call ``run(first, last)`` on parts of ``count`` items, in as many threads as torch has.

    Args:
        run: Works on items ``first`` to before ``last``, without the interpreter's lock.
        count: Number of items.
        cost: What each item costs, in simple operations; little work is not worth a thread.
    """
    threads = max(1, min(torch.get_num_threads(), count, count * cost // _COST_PER_THREAD))
    if threads == 1:
        run(0, count)
        return
    parts = min(count, _PARTS_PER_THREAD * threads)
    bounds = [count * k // parts for k in range(parts + 1)]
    waiting: SimpleQueue[tuple[int, int]] = SimpleQueue()
    for part in pairwise(bounds):
        waiting.put(part)

    def work() -> None:
        with suppress(Empty):
            while True:
                run(*waiting.get_nowait())

    # A thread takes a tenth of a millisecond to start, and longer where torch's still spin: this
    # one works, too, and who is late finds less to do.
    with ThreadPoolExecutor(max_workers=threads - 1) as pool:
        others = [pool.submit(work) for _ in range(threads - 1)]
        work()
        for other in others:
            other.result()
