"""This module is the benchmark of what stands beside the exact model: spikes, noise, bent cells."""

import numpy as np

from xbarsim.benchmarks.activity import bench_activity
from xbarsim.benchmarks.noise import bench_noise
from xbarsim.benchmarks.nonlinear import bench_nonlinear
from xbarsim.fast import (
    closed_form_conductance,
    effective_conductance,
)
from xbarsim.parameters import DeviceParams, load_crossbar, load_device

Figures = dict[str, tuple[float, str]]


def bench_models(*, quick: bool) -> Figures:
    """Measure errors on the preset: patterns not fitted to, many draws, Newton's residuals."""
    device = load_device("bhattacharjee2022")
    crossbar = load_crossbar("bhattacharjee2022", rows=64, cols=64)
    return {
        **bench_activity(crossbar, device, quick=quick),
        **_closed_form(device),
        **bench_noise(crossbar, device, quick=quick),
        **bench_nonlinear(crossbar, device, quick=quick),
    }


def _closed_form(device: DeviceParams) -> Figures:
    """Compare the approximate model with the exact one, within its range and beyond."""
    figures: Figures = {}
    for size, bar in ((32, "<= 0.005"), (44, "<= 0.005"), (64, ""), (128, "")):
        crossbar = load_crossbar("bhattacharjee2022", rows=size, cols=size)
        draw = np.random.default_rng(0)
        g = draw.uniform(device.g_min, device.g_max, crossbar.shape)
        spikes = draw.random((200, size)) < draw.uniform(0.02, 0.9, (200, 1))
        exact = spikes @ effective_conductance(g, crossbar)
        found = spikes @ closed_form_conductance(g, crossbar)
        error = float(np.abs(found - exact).max() / exact.max())
        strength = size**2 * crossbar.r_wire_col * device.g_max
        figures[f"closed form, {size}x{size}, N^2 R/R_MIN = {strength:.2f}: max error"] = (
            error,
            bar,
        )
    return figures
