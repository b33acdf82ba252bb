"""This module is how the exact model grows: time and memory from 16x16 to 512x512, and 1024x1024."""

import time
import tracemalloc

import numpy as np
from numpy.typing import NDArray

from xbarsim.fast import closed_form_conductance, effective_conductance, solve_array
from xbarsim.fast.tiles import cores
from xbarsim.parameters import CrossbarParams, load_crossbar, load_device

Array = NDArray[np.float64]
Figures = dict[str, tuple[float, str]]


def bench_scaling(*, quick: bool) -> Figures:
    """Time one tile of every size, amortised over a batch on all cores, and fit the exponent.

    Above 256 the batch is one tile a core, each run once.
    """
    sizes = (16, 32, 64) if quick else (16, 32, 64, 128, 256, 512)
    figures: Figures = {}
    seconds = {n: _per_tile(n) for n in sizes}
    for n, value in seconds.items():
        figures[f"{n}x{n}: float64 [ms per tile]"] = (1e3 * value, "")
        figures[f"{n}x{n}: peak memory beside the result [MB per tile and core]"] = (_memory(n), "")
    slope = np.polyfit(np.log(list(seconds)), np.log(list(seconds.values())), 1)[0]
    figures[f"exponent of the time, {sizes[0]} to {sizes[-1]}"] = (float(slope), "")
    return figures | _large(256 if quick else 1024)


def _tiles(n: int, count: int) -> np.ndarray:
    device = load_device("bhattacharjee2022")
    return np.random.default_rng(n).uniform(device.g_min, device.g_max, (count, n, n))


def _per_tile(n: int) -> float:
    g = _tiles(n, max(cores(), min(256, 2**29 // n**4)))
    crossbar = load_crossbar("bhattacharjee2022", rows=n, cols=n)
    seconds = []
    for _ in range(5 if n <= 128 else 1):
        start = time.perf_counter()
        effective_conductance(g, crossbar)
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds)) / len(g)


def _memory(n: int) -> float:
    """Return what the kernel itself allocates: its one array of bit lines, from its shape."""
    from xbarsim.fast.vector import BLOCK

    width = -(-n // BLOCK) * BLOCK
    most = width + -(-(n + 1) // BLOCK) * BLOCK
    return 8e-6 * (width * (most + BLOCK) + BLOCK * (most + width))


def _large(n: int) -> Figures:
    """Solve one large array for a few inputs by conjugate gradients, and by the closed form."""
    g = _tiles(n, 1)[0]
    crossbar = load_crossbar("bhattacharjee2022", rows=n, cols=n)
    v = np.random.default_rng(0).random((2, n)) < 0.3
    solve_array(g[:8, :8], np.ones((1, 8)), crossbar.replace(rows=8, cols=8), method="iterative")
    tracemalloc.start()
    start = time.perf_counter()
    found = solve_array(g, v.astype(float), crossbar, method="iterative")
    seconds = time.perf_counter() - start
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {
        f"{n}x{n}: conjugate gradients, residual": (found.residual, "<= 1e-8"),
        f"{n}x{n}: conjugate gradients [s per input]": (seconds / len(v), ""),
        f"{n}x{n}: conjugate gradients, peak memory [arrays of one number a cell]": (
            peak / g.nbytes,
            "",
        ),
        **_closed(n, g, crossbar),
    }


def _closed(n: int, g: Array, crossbar: CrossbarParams) -> Figures:
    """Time the closed form as it is by default, with two bounces, and with one."""
    bar, figures = "<= 0.1" if n == 1024 else "", {}
    for bounces in (1, 2):
        closed_form_conductance(g, crossbar, bounces=bounces)
        rounds = []
        for _ in range(5):
            start = time.perf_counter()
            closed_form_conductance(g, crossbar, bounces=bounces)
            rounds.append(time.perf_counter() - start)
        what = f"{n}x{n}: closed form, {bounces} bounce{'s' * (bounces - 1)} [s]"
        figures[what] = (float(np.median(rounds)), bar)
    return figures
