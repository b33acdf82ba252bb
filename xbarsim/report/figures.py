"""This module is the figures: each takes data and returns a Figure; none reads or writes a file."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbarsim.report.style import CYCLE, GREY, MARKERS, figure_style
from xbarsim.study import AccuracyRow
from xbarsim.validation.evidence import ModelEvidence

_LEAST = 1e-17


def error_histogram(models: Sequence[ModelEvidence]) -> Any:  # noqa: ANN401
    """Draw how often each size of error occurred, model by model, with the tolerances as lines."""
    with figure_style() as figure_class:
        figure = figure_class(figsize=(5.6, 3.4))
        axes = figure.subplots()
        for k, model in enumerate(models):
            edges = 10.0 ** np.array(model.histogram["log10_edges"])
            counts = np.array(model.histogram["counts"]) / max(model.n_outputs, 1)
            axes.stairs(
                100 * counts, edges, fill=True, alpha=0.35, color=CYCLE[k], edgecolor=CYCLE[k],
                linewidth=1.2, label=model.name,
            )  # fmt: skip
        for tolerance in sorted({model.tolerance for model in models}):
            axes.axvline(tolerance, color=GREY, linestyle="--", linewidth=1)
        axes.set(xscale="log", xlabel="|error| / full scale of the circuit", ylabel="outputs [%]")
        _legend_above(axes)
    return figure


def error_by(models: Sequence[ModelEvidence], kind: str, label: str) -> Any:  # noqa: ANN401
    """Draw the 99th percentile of every slice, model by model, with a whisker to the largest error."""
    with figure_style() as figure_class:
        figure = figure_class(figsize=(5.6, 3.4))
        axes = figure.subplots()
        names = _labels(models, kind)
        for k, model in enumerate(models):
            slices = [s for s in model.slices if s.kind == kind]
            x = np.array([names.index(s.label) for s in slices]) + 0.08 * (k - len(models) / 2)
            p99, most = (
                np.maximum([getattr(s, f) for s in slices], _LEAST)
                for f in ("p99_error", "max_error")
            )
            axes.errorbar(
                x, p99, yerr=[np.zeros_like(p99), most - p99], color=CYCLE[k], marker=MARKERS[k],
                markersize=5, linewidth=1.2, elinewidth=1, capsize=2, label=model.name,
            )  # fmt: skip
        for tolerance in sorted({model.tolerance for model in models}):
            axes.axhline(tolerance, color=GREY, linestyle="--", linewidth=1)
        axes.set(yscale="log", xlabel=label, ylabel="|error| / full scale")
        if kind == "column":
            names = [f"{float(name):.2f}" for name in names]
        steep = max(map(len, names)) * len(names) > 36
        axes.set_xticks(
            range(len(names)), names, rotation=30 if steep else 0, ha="right" if steep else "center"
        )
        _legend_above(axes)
    return figure


def _labels(models: Sequence[ModelEvidence], kind: str) -> list[str]:
    """Return the labels of all slices of a kind, in the order of the model that has most."""
    found = [[s.label for s in model.slices if s.kind == kind] for model in models]
    longest = max(found, key=len)
    return longest + [name for names in found for name in names if name not in longest]


def measured_against_predicted(models: Sequence[ModelEvidence]) -> Any:  # noqa: ANN401
    """Draw every model's currents against ngspice's, with the diagonal where both agree."""
    with figure_style() as figure_class:
        figure = figure_class(figsize=(5.6, 4.4))
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=1)
        for k, model in enumerate(models):
            x, y = np.array(model.scatter, dtype=np.float64).reshape(-1, 2).T
            axes.plot(
                x, y, linestyle="none", marker=MARKERS[k], markersize=3.5, alpha=0.6,
                color=CYCLE[k], label=model.name,
            )  # fmt: skip
        axes.set(xlabel="ngspice, column current / full scale", ylabel="model / full scale")
        _legend_above(axes)
    return figure


def ir_drop_map(drop: NDArray[np.float64], title: str, most: float | None = None) -> Any:  # noqa: ANN401
    """Draw the share of the read voltage that each cell [row, col] loses to the wires.

    Cells that are cut off are not-a-number, and left blank; ``most`` fixes the colours' upper end.
    """
    with figure_style() as figure_class:
        figure = figure_class(figsize=(5.0, 4.2))
        axes = figure.subplots()
        image = axes.imshow(
            100 * drop, cmap="viridis", origin="upper", aspect="equal", interpolation="nearest",
            vmin=None if most is None else 0.0, vmax=None if most is None else 100 * most,
        )  # fmt: skip
        axes.grid(visible=False)
        axes.set(xlabel="bit line (column)", ylabel="word line (row), driver at the left")
        # Names may hold any character; only tick labels are mathematics.
        axes.set_title(title, fontsize=10).set_parse_math(False)
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


def _legend_above(axes: Any) -> None:  # noqa: ANN401
    axes.legend(fontsize=9, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=5, columnspacing=1.0,
                handletextpad=0.4, borderaxespad=0.2)  # fmt: skip
