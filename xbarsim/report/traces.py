"""This module is the figures of time: accuracy after every step, and maps of layers against steps."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbarsim.inference import ErrorTrace
from xbarsim.report.style import BLUE, CYCLE, GREY, MARKERS, figure_style

Array = NDArray[np.float64]


def accuracy_trace(software: Array | None, hardware: dict[str, Array]) -> Any:  # noqa: ANN401
    """Draw accuracy [time] of software and of every hardware by name, against the time-step."""
    steps = np.arange(1, len(next(iter(hardware.values()))) + 1)
    with figure_style() as figure_class:
        figure = figure_class(figsize=(5.6, 3.4))
        axes = figure.subplots()
        if software is not None:
            axes.plot(steps, 100 * software, color=GREY, linewidth=2.5, label="software")
        for k, (name, values) in enumerate(hardware.items()):
            axes.plot(steps, 100 * values, color=CYCLE[k % len(CYCLE)],
                      marker=MARKERS[k % len(MARKERS)], markersize=4,
                      markevery=max(1, len(steps) // 12), label=name)  # fmt: skip
        axes.set(xlabel="time-step t", ylabel="accuracy after t steps [%]", ylim=(0, 102))
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(fontsize=8)
    return figure


def layer_time_map(values: Array, label: str, most: float | None = None) -> Any:  # noqa: ANN401
    """Draw one number per layer and time-step, [layer, time], as a heat map with its numbers' scale.

    Args:
        values: Rates, flips or errors, [layer, time].
        label: What the colours say, unit included.
        most: Upper end of the colours; the largest value by default.
    """
    layers, steps = values.shape
    with figure_style() as figure_class:
        figure = figure_class(figsize=(5.6, max(2.6, 1.4 + 0.32 * layers)))
        axes = figure.subplots()
        extent = (0.5, steps + 0.5, layers + 0.5, 0.5)
        image = axes.imshow(values, cmap="viridis", aspect="auto", extent=extent, vmin=0,
                            vmax=most)  # fmt: skip
        axes.grid(visible=False)
        axes.set(xlabel="time-step t", ylabel="layer of neurons", yticks=np.arange(1, layers + 1))
        axes.xaxis.get_major_locator().set_params(integer=True)
        figure.colorbar(image, ax=axes, label=label)
    return figure


def error_growth(errors: ErrorTrace) -> Any:  # noqa: ANN401
    """Draw the accumulated error of every layer against time, and its static and per-read parts."""
    steps = np.arange(1, errors.potential.shape[1] + 1)
    with figure_style() as figure_class:
        figure = figure_class(figsize=(7.4, 3.4))
        left, right = figure.subplots(1, 2)
        for k, row in enumerate(errors.potential):
            colour = CYCLE[k % len(CYCLE)]
            left.loglog(steps, row, color=colour, marker=MARKERS[k % len(MARKERS)], markersize=3,
                        markevery=max(1, len(steps) // 10), label=f"layer {k + 1}")  # fmt: skip
        start = errors.potential[:, 0].max()
        left.loglog(steps, start * steps, color=GREY, linestyle="--", label="~ t")
        left.loglog(steps, start * steps**0.5, color=GREY, linestyle=":", label="~ t^(1/2)")
        left.set(xlabel="time-step t", ylabel="rms error of the potential / threshold")
        left.legend(fontsize=7)
        right.plot(steps, errors.static.mean(axis=0), color=BLUE, label="static: wires, variation")
        right.plot(steps, errors.per_read.mean(axis=0), color=CYCLE[1], label="per read: noise")
        right.set(xlabel="time-step t", ylabel="mean over layers", ylim=(0, None))
        right.legend(fontsize=8)
    return figure
