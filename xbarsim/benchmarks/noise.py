"""This module is the benchmark of read noise: its deviation against many draws, and its cost."""

import numpy as np

from xbarsim.benchmarks.timing import interleaved
from xbarsim.fast import effective_conductance, prepare_read_noise, read_noise_deviation
from xbarsim.parameters import CrossbarParams, DeviceParams

Figures = dict[str, tuple[float, str]]


def bench_noise(crossbar: CrossbarParams, device: DeviceParams, *, quick: bool) -> Figures:
    """Measure the error at 16x16, where many draws are cheap, and the cost on the whole array."""
    small = crossbar.replace(rows=16, cols=16)
    return {
        **_deviation(small, device, draws=20_000 if quick else 100_000),
        **_cost(crossbar, device),
    }


def _deviation(crossbar: CrossbarParams, device: DeviceParams, *, draws: int) -> Figures:
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


def _cost(crossbar: CrossbarParams, device: DeviceParams) -> Figures:
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
