"""This module is the benchmark of what stands beside the exact model: spikes, noise, bent cells."""

import numpy as np

from xbarsim.benchmarks.activity import bench_activity
from xbarsim.benchmarks.nonlinear import bench_nonlinear
from xbarsim.benchmarks.timing import interleaved
from xbarsim.fast import (
    closed_form_conductance,
    effective_conductance,
    prepare_read_noise,
    read_noise_deviation,
)
from xbarsim.parameters import CrossbarParams, DeviceParams, load_crossbar, load_device

Figures = dict[str, tuple[float, str]]


def bench_models(*, quick: bool) -> Figures:
    """Measure errors on the preset: patterns not fitted to, many draws, Newton's residuals."""
    device = load_device("bhattacharjee2022")
    crossbar = load_crossbar("bhattacharjee2022", rows=64, cols=64)
    return {
        **bench_activity(crossbar, device, quick=quick),
        **_closed_form(device),
        **_noise(crossbar.replace(rows=16, cols=16), device, draws=20_000 if quick else 100_000),
        **_noise_cost(crossbar, device),
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


def _noise(crossbar: CrossbarParams, device: DeviceParams, *, draws: int) -> Figures:
    """Compare first-order read noise of 5 % with the deviation of many draws."""
    draw = np.random.default_rng(0)
    g = draw.uniform(device.g_min, device.g_max, crossbar.shape)
    v = (draw.random((2, crossbar.rows)) < 0.5).astype(float)
    sums = np.zeros((2, 2, crossbar.cols))
    mean = v @ effective_conductance(g, crossbar)
    for _ in range(draws // 1000):
        noisy = g * (1 + 0.05 * draw.standard_normal((1000, *g.shape)))
        off = v @ effective_conductance(noisy, crossbar) - mean
        sums += np.stack([off.sum(axis=0), (off**2).sum(axis=0)])
    count = draws // 1000 * 1000
    brute = np.sqrt(sums[1] / count - (sums[0] / count) ** 2)
    found = read_noise_deviation(g, 0.05 * g, v, crossbar)
    error = float(np.abs(found / brute - 1).max())
    return {f"noise, 16x16, {count} draws: max error of the deviation": (error, "<= 0.01")}


def _noise_cost(crossbar: CrossbarParams, device: DeviceParams) -> Figures:
    """Time the deviations of many time-steps of one array, prepared once against solved for each."""
    draw = np.random.default_rng(0)
    g = draw.uniform(device.g_min, device.g_max, crossbar.shape)
    spikes = (draw.random((256, crossbar.rows)) < 0.2).astype(float)
    ready = prepare_read_noise(g, 0.05 * g, crossbar)
    seconds = interleaved(
        {
            "prepare": lambda: prepare_read_noise(g, 0.05 * g, crossbar),
            "steps": lambda: ready.deviation(spikes),
            "solve": lambda: read_noise_deviation(g, 0.05 * g, spikes, crossbar),
        },
        repeats=3,
    )
    return {
        "noise, 64x64, 256 time-steps: solved / prepared": (
            seconds["solve"] / (seconds["prepare"] + seconds["steps"]),
            "",
        ),
        "noise, 64x64: prepared [ms a time-step]": (1e3 * seconds["steps"] / len(spikes), ""),
    }
