"""This module is the benchmark of the exact model against scipy's sparse LU."""

import numpy as np

from xbarsim.benchmarks.timing import interleaved
from xbarsim.fast import effective_conductance
from xbarsim.parameters import load_crossbar, load_device
from xbarsim.reference import nodal_effective_conductance

Figures = dict[str, tuple[float, str]]


def bench_effective(*, quick: bool) -> Figures:
    """Time a batch of 64x64 tiles per tile against sparse LU with all right-hand sides."""
    crossbar = load_crossbar("bhattacharjee2022", rows=64, cols=64)
    device = load_device("bhattacharjee2022")
    tiles = 16 if quick else 64
    draw = np.random.default_rng(0)
    g = draw.uniform(device.g_min, device.g_max, (tiles, 64, 64))
    single = g.astype(np.float32)
    lu = range(2 if quick else 4)
    seconds = interleaved(
        {
            "float64": lambda: effective_conductance(g, crossbar),
            "float32": lambda: effective_conductance(single, crossbar),
            "sparse": lambda: [nodal_effective_conductance(g[k], crossbar) for k in lu],
        },
        repeats=2 if quick else 5,
    )
    per_tile = seconds["float64"] / tiles
    oracle = nodal_effective_conductance(g[0], crossbar)
    scale = oracle.max()
    return {
        "sparse LU / float64": (seconds["sparse"] / len(lu) / per_tile, ">= 8 (later 25)"),
        "float64 / float32": (seconds["float64"] / seconds["float32"], ""),
        "float64 [ms per 64x64 tile]": (1e3 * per_tile, ""),
        "error float64": (
            float(np.abs(effective_conductance(g[0], crossbar) - oracle).max() / scale), "<= 1e-11"
        ),
        "error float32": (
            float(np.abs(effective_conductance(single[0], crossbar) - oracle).max() / scale),
            "<= 2e-5",
        ),
    }  # fmt: skip
