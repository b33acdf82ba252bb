"""This module is the benchmark of the exact model on a GPU, where there is one."""

import time

import numpy as np
import torch

from xbarsim.fast import effective_conductance
from xbarsim.parameters import load_crossbar, load_device

Figures = dict[str, tuple[float, str]]

_VGG9_TILES = 2928
_MATMUL = 8192


def bench_gpu(*, quick: bool) -> tuple[Figures, dict[str, str]]:
    """Time all 64x64 tiles of VGG9 on the first GPU; the peak is a large matrix product's."""
    if not torch.cuda.is_available():
        return {}, {
            "gpu": "not yet measured: no GPU here; run xbarsim bench gpu --out validation/benchmarks "
            "on a machine with one"
        }
    device = load_device("bhattacharjee2022")
    tiles = 256 if quick else _VGG9_TILES
    g = np.random.default_rng(0).uniform(device.g_min, device.g_max, (tiles, 64, 64))
    crossbar = load_crossbar("bhattacharjee2022", rows=64, cols=64)
    figures: Figures = {}
    for dtype in (torch.float64, torch.float32):
        given = torch.tensor(g, dtype=dtype, device="cuda")
        dense = torch.rand((_MATMUL, _MATMUL), dtype=dtype, device="cuda")
        seconds = _seconds(lambda given=given: effective_conductance(given, crossbar))
        peak = 2 * _MATMUL**3 / _seconds(lambda dense=dense: dense @ dense)
        name = f"64x64: {str(dtype).removeprefix('torch.')}"
        bar = "<= 1" if tiles == _VGG9_TILES else ""
        figures[f"{name}, {tiles} tiles [s]"] = (seconds, bar)
        figures[f"{name} [tiles per second]"] = (tiles / seconds, "")
        figures[f"{name}: share of peak"] = (2 * 64**4 * tiles / seconds / peak, "")
    return figures, {"gpu": torch.cuda.get_device_name(0)}


def _seconds(task: object) -> float:
    """Return the median of three runs after one to warm up."""
    rounds = []
    for _ in range(4):
        torch.cuda.synchronize()
        start = time.perf_counter()
        task()  # type: ignore[operator]
        torch.cuda.synchronize()
        rounds.append(time.perf_counter() - start)
    return float(np.median(rounds[1:]))
