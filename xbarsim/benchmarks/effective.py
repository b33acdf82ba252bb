"""This module is the benchmark of the exact model: against scipy's sparse LU, and the machine."""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from xbarsim.benchmarks.timing import interleaved
from xbarsim.fast import effective_conductance
from xbarsim.parameters import CrossbarParams, load_crossbar, load_device
from xbarsim.reference import nodal_effective_conductance

Figures = dict[str, tuple[float, str]]
Array = NDArray[np.float64]

_VGG9_TILES = 2928
_MATMUL = 2048


def bench_effective(*, quick: bool) -> Figures:
    """Time the exact model per tile, amortised over a batch on all cores, at 64x64 and 128x128."""
    figures = _bench_size(64, tiles=32 if quick else 256, lu=2 if quick else 4, quick=quick)
    figures |= _bench_size(128, tiles=4 if quick else 32, lu=1, quick=quick)
    if not quick:
        figures[f"64x64: {_VGG9_TILES} tiles of VGG9 [s]"] = _vgg9()
    return _with_bars(figures)


def bench_short() -> Figures:
    """Time 64x64 alone, in some seconds."""
    return _with_bars(_bench_size(64, tiles=64, lu=2, quick=True))


def _vgg9() -> float:
    """Return the seconds of as many tiles as VGG9 has on differential pairs, all of them solved."""
    device = load_device("bhattacharjee2022")
    shape = (_VGG9_TILES, 64, 64)
    g = np.random.default_rng(1).uniform(device.g_min, device.g_max, shape)
    crossbar = load_crossbar("bhattacharjee2022", rows=64, cols=64)
    start = time.perf_counter()
    effective_conductance(g, crossbar)
    return time.perf_counter() - start


def _with_bars(figures: dict[str, float]) -> Figures:
    bars = {
        "64x64: sparse LU / float64": ">= 25",
        "128x128: sparse LU / float64": ">= 20",
        "64x64: float64 / float32": ">= 1.7",
        "64x64: share of peak": ">= 0.25",
        f"64x64: {_VGG9_TILES} tiles of VGG9 [s]": "<= 12",
    }
    for size in (64, 128):
        bars |= {f"{size}x{size}: error float64": "<= 1e-11"}
        bars |= {f"{size}x{size}: error float32": "<= 2e-5"}
    return {name: (value, bars.get(name, "")) for name, value in figures.items()}


def _bench_size(n: int, *, tiles: int, lu: int, quick: bool) -> dict[str, float]:
    """Return the figures of one size; the machine's peak is a large matrix product's in this run."""
    crossbar = load_crossbar("bhattacharjee2022", rows=n, cols=n)
    device = load_device("bhattacharjee2022")
    draw = np.random.default_rng(0)
    g = draw.uniform(device.g_min, device.g_max, (tiles, n, n))
    single = g.astype(np.float32)
    dense = draw.random((_MATMUL, _MATMUL))
    tasks: dict[str, Callable[[], object]] = {
        "float64": lambda: effective_conductance(g, crossbar),
        "float32": lambda: effective_conductance(single, crossbar),
        "sparse": lambda: [nodal_effective_conductance(g[k], crossbar) for k in range(lu)],
        "matmul": lambda: dense @ dense,
    }
    seconds = interleaved(tasks, repeats=2 if quick else 5)
    per_tile = seconds["float64"] / tiles
    peak = 2 * _MATMUL**3 / seconds["matmul"]
    # The count of the elimination: per row, n pivots that update n x n numbers, half of each kind.
    figures = {
        "sparse LU / float64": seconds["sparse"] / lu / per_tile,
        "float64 / float32": seconds["float64"] / seconds["float32"],
        "float64 [ms per tile]": 1e3 * per_tile,
        "share of peak": 2 * n**4 / per_tile / peak,
        **_errors(g[0], crossbar),
    }
    return {f"{n}x{n}: {name}": value for name, value in figures.items()}


def _errors(g: Array, crossbar: CrossbarParams) -> dict[str, float]:
    """Return the largest difference from sparse LU, as a share of the largest entry."""
    oracle = nodal_effective_conductance(g, crossbar)
    return {
        f"error {np.dtype(kind).name}": float(
            np.abs(effective_conductance(g.astype(kind), crossbar) - oracle).max() / oracle.max()
        )
        for kind in (np.float64, np.float32)
    }
