"""This module is the benchmark of fitted models on every tile of VGG9: gated, floating, nonlinear."""

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from xbarsim.fast import fit_activity, fit_nonlinear_static
from xbarsim.fast.tiles import cores
from xbarsim.mapping import chip_generator, programmed_conductance
from xbarsim.network import build_network, network_spec
from xbarsim.parameters import CrossbarParams, SinhCell, load_crossbar, load_device
from xbarsim.progress import progress_bar

Figures = dict[str, tuple[float, str]]
Array = NDArray[np.float64]
Fit = Callable[..., Any]

_TILES, _FEW = 2928, 6
_V_READ = 0.25
_HELD_OUT = 32
_SECONDS = 600


def bench_vgg9_fits(*, quick: bool) -> tuple[Figures, dict[str, str]]:
    """Fit all 2,928 64x64 arrays of VGG9 with random weights, as whole networks do; or a few of them.

    The load that other programs put on the machine meanwhile is in the notes: seconds of a busy one
    are an upper bound.
    """
    crossbar = load_crossbar("bhattacharjee2022", rows=64, cols=64)
    tiles = vgg9_tiles(crossbar)
    if quick:
        tiles = tiles[:: len(tiles) // _FEW][:_FEW]
    figures: Figures = {}
    for name, fit in _fits(crossbar).items():
        # Compile and load first.
        fit(tiles[:1], generator=np.random.default_rng(0), held_out=1)
        figures |= _timed(name, fit, tiles)
    before = os.getloadavg()[1] if hasattr(os, "getloadavg") else float("nan")
    note = (
        f"{before:.1f} processes wanted to run at the end, on {cores()} cores (mean of 5 minutes)"
    )
    return figures, {"load": note}


def vgg9_tiles(crossbar: CrossbarParams) -> Array:
    """Return the programmed arrays of VGG9 with random weights, both sides, [array, row, col]. [S]"""
    device = load_device("bhattacharjee2022")
    network = build_network(network_spec("vgg9-cifar10"), nn.ReLU, seed=0)
    weights = [p.detach().double().numpy() for p in network.parameters() if p.dim() > 1]
    parts = [
        programmed_conductance(weight, crossbar, device, chip_generator(0, 0, k))[0]
        for k, weight in enumerate(weights)
    ]
    return np.concatenate([part.reshape(-1, *crossbar.shape) for part in parts])


def _fits(crossbar: CrossbarParams) -> dict[str, Fit]:
    cell = SinhCell(v0=_V_READ)
    return {
        "activity, gated rows": lambda g, **k: fit_activity(g, crossbar, "gated", **k),
        "activity, floating rows": lambda g, **k: fit_activity(g, crossbar, "floating", **k),
        "nonlinear static, sinh cells, V / V_0 = 1": lambda g, **k: fit_nonlinear_static(
            g, crossbar, cell, _V_READ, **k
        ),
    }


def _timed(name: str, fit: Fit, tiles: Array) -> Figures:
    """Fit all tiles behind a bar, and return time and errors."""
    with progress_bar() as bar:
        task = bar.add_task(name, total=len(tiles))
        began, worked = time.perf_counter(), time.process_time()
        model = fit(
            tiles, generator=np.random.default_rng(1), held_out=_HELD_OUT,
            on_tile=lambda n: bar.advance(task, n),
        )  # fmt: skip
        seconds, spent = time.perf_counter() - began, time.process_time() - worked
    whole = len(tiles) == _TILES
    what = f"{name}, {len(tiles)} tiles"
    return {
        f"{what} [s]": (seconds, f"<= {_SECONDS}" if whole else ""),
        f"{what}: processor seconds a tile": (spent / len(tiles), ""),
        f"{what}: worst error held out": (float(model.error_max.max()), "<= 0.01"),
        f"{what}: rms error held out": (float(np.sqrt((model.error_rms**2).mean())), ""),
    }
