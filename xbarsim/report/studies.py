"""This module is the studies' figures: accuracy over time-steps, and spike rates layer by layer."""

from itertools import product
from typing import Any

import numpy as np

from xbarsim.report.cure_figures import beyond_figure, cure_figure
from xbarsim.report.figures import accuracy_over_time
from xbarsim.report.style import CYCLE, GREY, MARKERS, figure_style
from xbarsim.study import AccuracyRow, Measured, StudyPlan, StudyRow, cure_lines


def study_figures(name: str, plan: StudyPlan, found: list[Measured]) -> dict[str, Any]:
    """Return a study's figures by what they show."""
    figures: dict[str, Any] = {}
    if name == "fig3":
        rows = _accuracy_rows(plan, found)
        if any(row.steps > 0 for row in rows):
            figures["accuracy"] = accuracy_over_time(rows)
    if name == "fig4" and any(m.condition and m.condition.get("adaptation") for m in found):
        figures["drop"] = adaptation_drop(plan, found)
    if name == "causes" and any(m.rates for m in found):
        figures["rates"] = spike_rates(plan, found)
    if name in ("cure", "beyond") and (lines := cure_lines(plan.rows, plan.conditions, found)):
        draw = cure_figure if name == "cure" else beyond_figure
        figures["accuracy"] = draw(lines)
    return figures


def _accuracy_rows(plan: StudyPlan, found: list[Measured]) -> list[AccuracyRow]:
    """Return what the accuracy figure draws: one row per network and condition."""
    rows = []
    for row in plan.rows:
        soft = next((m for m in found if m.row == row.key and m.condition is None), None)
        for condition in plan.conditions:
            chips = [m for m in found if m.row == row.key and m.condition == condition.plain]
            if soft is None or not chips:
                continue
            rows.append(AccuracyRow.of(row.key, condition, soft, chips))
    return rows


def adaptation_drop(plan: StudyPlan, found: list[Measured]) -> Any:  # noqa: ANN401
    """Draw the relative drop against the number of adaptation samples, one line a network and gain."""
    with figure_style() as figure_class:
        figure = figure_class(figsize=(6.4, 3.6))
        axes = figure.subplots()
        rows = [row for row in plan.rows if row.method == "BNTT"]
        gains = list(dict.fromkeys(condition.gain for condition in plan.conditions))
        for k, (row, gain) in enumerate(product(rows, gains)):
            points = _drops(row, gain, plan, found)
            if points:
                samples, drops, low, high = zip(*points, strict=True)
                axes.plot(
                    samples, drops, color=CYCLE[k % len(CYCLE)], marker=MARKERS[k % len(MARKERS)],
                    label=f"{row.key}, gain {gain}",
                )  # fmt: skip
                axes.fill_between(samples, low, high, color=CYCLE[k % len(CYCLE)], alpha=0.2)
        axes.set_xscale("symlog", base=2, linthresh=8)
        axes.set(xlabel="adaptation samples", ylabel="relative drop [%]", ylim=(None, None))
        axes.legend(fontsize=8)
    return figure


def _drops(
    row: StudyRow, gain: str, plan: StudyPlan, found: list[Measured]
) -> list[tuple[int, float, float, float]]:
    """Return samples, mean drop, and its range over chips. [%]"""
    soft = next((m for m in found if m.row == row.key and m.condition is None), None)
    points = []
    for condition in plan.conditions:
        chips = [
            m.accuracy[-1] for m in found if m.row == row.key and m.condition == condition.plain
        ]
        if soft is not None and chips and condition.gain == gain:
            drops = 100 * (1 - np.array(chips) / soft.accuracy[-1])
            points.append((condition.adaptation, drops.mean(), drops.min(), drops.max()))
    return sorted(points)


def spike_rates(plan: StudyPlan, found: list[Measured]) -> Any:  # noqa: ANN401
    """Draw mean spikes per neuron and step against the layer: one panel a network, one line a cause."""
    rows = [row for row in plan.rows if any(m.row == row.key and m.rates for m in found)]
    with figure_style() as figure_class:
        figure = figure_class(figsize=(8.4, 2.9 * len(rows)))
        panels = figure.subplots(len(rows), 1, squeeze=False)[:, 0]
        for axes, row in zip(panels, rows, strict=True):
            _rate_panel(axes, row, plan, found)
    return figure


def _rate_panel(axes: Any, row: StudyRow, plan: StudyPlan, found: list[Measured]) -> None:  # noqa: ANN401
    own = [m for m in found if m.row == row.key]
    soft = next(m for m in own if m.condition is None)
    layers = np.arange(1, len(soft.rates) + 1)
    axes.plot(layers, soft.rates, color=GREY, linewidth=2.5, label="software")
    for k, condition in enumerate(plan.conditions):
        chips = [m.rates for m in own if m.condition == condition.plain]
        if chips:
            axes.plot(
                layers, np.mean(chips, axis=0), color=CYCLE[k % len(CYCLE)],
                marker=MARKERS[k % len(MARKERS)], markersize=4, linewidth=1.2,
                linestyle="-" if k < len(CYCLE) else "--",
                markerfacecolor=None if k < len(CYCLE) else "white", label=condition.words,
            )  # fmt: skip
    axes.set(
        title=row.key, xlabel="layer of neurons", ylabel="spikes per neuron and step",
        ylim=(0, None), xticks=layers,
    )  # fmt: skip
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.01, 0.5))
