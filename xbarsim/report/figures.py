"""This module is the figures: each takes data and returns a Figure; none reads or writes a file."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbarsim.report.style import BLUE, CYCLE, GREY, MARKERS, RED, figure_style
from xbarsim.study import AccuracyRow
from xbarsim.validation import ValidationRecord


def error_histogram(record: ValidationRecord) -> Any:  # noqa: ANN401
    """Draw how often each size of error occurred, with the tolerance as a line."""
    with figure_style() as figure_class:
        figure = figure_class(figsize=(5.6, 3.2))
        axes = figure.subplots()
        edges = 10.0 ** np.array(record.primary.histogram["log10_edges"])
        axes.stairs(record.primary.histogram["counts"], edges, fill=True, color=BLUE, alpha=0.85)
        axes.axvline(record.tolerance, color=RED, linestyle="--")
        axes.annotate(
            "tolerance", (record.tolerance, 0.97), xycoords=("data", "axes fraction"),
            ha="right", va="top", color=RED, rotation=90,
        )  # fmt: skip
        axes.set(xscale="log", xlabel="|error| / full scale of the circuit", ylabel="outputs")
    return figure


def ir_drop_map(drop: NDArray[np.float64], title: str) -> Any:  # noqa: ANN401
    """Draw the share of the input voltage that each cell [row, col] loses to the wires."""
    with figure_style() as figure_class:
        figure = figure_class(figsize=(5.0, 4.2))
        axes = figure.subplots()
        image = axes.imshow(100 * drop, cmap="viridis", origin="upper", aspect="equal")
        axes.grid(visible=False)
        axes.set(xlabel="bit line (column)", ylabel="word line (row), driver at the left")
        axes.set_title(title, fontsize=10)
        figure.colorbar(image, ax=axes, label="IR drop [% of V_read]")
    return figure


def accuracy_over_time(rows: list[AccuracyRow]) -> Any:  # noqa: ANN401
    """Draw accuracy against time-step: one panel a method, one line a tile size and gain."""
    methods = list(dict.fromkeys(row.method for row in rows if row.steps > 0))
    with figure_style() as figure_class:
        figure = figure_class(figsize=(7.4, 2.7 * len(methods)))
        panels = figure.subplots(len(methods), 1, squeeze=False)[:, 0]
        for axes, method in zip(panels, methods, strict=True):
            chosen = [row for row in rows if row.method == method]
            _accuracy_panel(axes, chosen)
            axes.set(title=method, xlabel="time-step", ylabel="accuracy [%]", ylim=(0, 102))
    return figure


def _accuracy_panel(axes: Any, rows: list[AccuracyRow]) -> None:  # noqa: ANN401
    steps = np.arange(1, rows[0].steps + 1)
    axes.plot(steps, 100 * rows[0].software, color=GREY, linewidth=2.5, label="software")
    every = max(1, len(steps) // 10)
    for k, row in enumerate(rows):
        values = 100 * row.hardware
        axes.plot(
            steps, values.mean(axis=0), color=CYCLE[k], marker=MARKERS[k], markevery=every,
            markersize=4, label=f"{row.tile[0]}x{row.tile[1]}, gain {row.gain}",
        )  # fmt: skip
        axes.fill_between(
            steps, values.min(axis=0), values.max(axis=0), color=CYCLE[k], alpha=0.2, linewidth=0
        )
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.01, 0.5))
