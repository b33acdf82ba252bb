"""This module is the figures of a design's answers: each takes answers and returns a Figure."""

from typing import Any

import numpy as np

from xbarsim.design.answers import DesignAnswers
from xbarsim.design.contours import ErrorMap
from xbarsim.design.power import PARTS
from xbarsim.design.quantities import mean_wire
from xbarsim.report.style import BLUE, CYCLE, GREEN, GREY, ORANGE, RED, figure_style

_LEVELS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7)
_AXES = {
    "size": "rows = columns of the tile",
    "r_min": "R_MIN [Ω], ON/OFF ratio kept",
    "ratio": "ON/OFF ratio, R_MIN kept",
}


def design_figures(answers: DesignAnswers) -> dict[str, Any]:
    """Return every figure by its file's name."""
    figures = {f"map-{m.quantity.name}": error_map(m, answers) for m in answers.maps}
    figures["resistances"] = resistance_bars(answers)
    figures["energy"] = energy_bars(answers)
    if answers.settling:
        figures["settling"] = settling_curve(answers)
    return figures


def error_map(found: ErrorMap, answers: DesignAnswers) -> Any:  # noqa: ANN401
    """Draw contours of the largest error, raw and after column gain; the budget is the red line."""
    now = (found.quantity.now, mean_wire(answers.design))
    with figure_style() as figure_class:
        figure = figure_class(figsize=(8.4, 3.8))
        panels = figure.subplots(1, 2, sharey=True)
        for axes, errors, title in zip(
            panels, (found.raw, found.gain), ("raw", "after column gain"), strict=True
        ):
            _contours(axes, found, errors, answers.budget)
            if np.isfinite(now).all() and min(now) > 0:
                axes.plot(*now, marker="o", color=RED, markeredgecolor="white", markersize=8)
            axes.set(xscale="log", yscale="log", xlabel=_AXES[found.quantity.name], title=title)
            axes.set_xlim(found.x[0], found.x[-1])
            axes.set_ylim(found.wire[0], found.wire[-1])
        if found.quantity.name == "size":
            for axes in panels:
                axes.set_xticks(found.x, [f"{n:.0f}" for n in found.x])
                axes.minorticks_off()
        panels[0].set_ylabel("mean wire resistance of a segment [Ω]")
        of = "the signal's full scale" if found.quantity.of_signal else "full scale"
        figure.suptitle(
            f"Largest error [% of {of}]; red: the budget, {100 * answers.budget:.3g} %, "
            "and the design", fontsize=10,
        )  # fmt: skip
    return figure


def _contours(axes: Any, found: ErrorMap, errors: Any, budget: float) -> None:  # noqa: ANN401
    percent = np.maximum(100 * errors, 1e-6)
    levels = [100 * level for level in _LEVELS if percent.min() < 100 * level < percent.max()]
    axes.pcolormesh(
        found.x,
        found.wire,
        np.log10(percent),
        cmap="YlGnBu",
        shading="gouraud",
        vmin=-1.5,
        vmax=4.5,
    )
    if levels:
        lines = axes.contour(
            found.x, found.wire, percent, levels=levels, colors="#333333", linewidths=0.9
        )
        axes.clabel(lines, fmt=lambda value: f"{value:.3g} %", fontsize=8)
    if percent.min() < 100 * budget < percent.max():
        axes.contour(
            found.x, found.wire, percent, levels=[100 * budget], colors=RED, linewidths=2.2
        )


def resistance_bars(answers: DesignAnswers) -> Any:  # noqa: ANN401
    """Draw each resistance alone and left out, raw and after column gain."""
    costs = answers.costs
    place = np.arange(len(costs.each))
    with figure_style() as figure_class:
        figure = figure_class(figsize=(8.4, 3.2))
        panels = figure.subplots(1, 2)
        for axes, measure, title in zip(
            panels, ("raw", "gain"), ("raw", "after column gain"), strict=True
        ):
            alone = [100 * getattr(c.alone, measure) for c in costs.each]
            without = [100 * getattr(c.without, measure) for c in costs.each]
            axes.bar(place - 0.2, alone, 0.38, color=BLUE, label="this one alone")
            axes.bar(place + 0.2, without, 0.38, color=ORANGE, label="all but this one")
            together = 100 * getattr(costs.together, measure)
            axes.axhline(together, color=GREY, linestyle="--", label="all four")
            axes.set_xticks(place, [c.name for c in costs.each], fontsize=9)
            axes.set(title=title, ylabel="largest error [% of full scale]")
            axes.set_ylim(0, 1.12 * max([together, *alone, *without]))
        figure.legend(*panels[0].get_legend_handles_labels(), fontsize=8, ncols=3,
                      loc="outside upper left")  # fmt: skip
    return figure


def energy_bars(answers: DesignAnswers) -> Any:  # noqa: ANN401
    """Draw the energy of a read, split into its parts."""
    names = [energy.inputs for energy in answers.energies]
    bottom = np.zeros(len(names))
    with figure_style() as figure_class:
        figure = figure_class(figsize=(6.4, 3.4))
        axes = figure.subplots()
        for k, part in enumerate(PARTS):
            values = np.array([1e12 * e.energy * e.shares[part] for e in answers.energies])
            axes.bar(names, values, bottom=bottom, color=CYCLE[k], label=part)
            bottom += values
        axes.set(ylabel="energy of a read [pJ]")
        axes.tick_params(axis="x", labelsize=8)
        axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure


def settling_curve(answers: DesignAnswers) -> Any:  # noqa: ANN401
    """Draw the settling time against the tile's rows, with the pulse's length."""
    rows = [s.rows for s in answers.settling]
    with figure_style() as figure_class:
        figure = figure_class(figsize=(5.2, 3.4))
        axes = figure.subplots()
        axes.plot(rows, [1e9 * s.seconds for s in answers.settling], "o-", color=BLUE,
                  label=f"settled to {100 * answers.budget:.3g} %")  # fmt: skip
        axes.axhline(1e9 * answers.design.transient.pulse, color=GREEN, linestyle="--",
                     label="pulse")  # fmt: skip
        axes.set(xscale="log", yscale="log", xlabel="rows", ylabel="time [ns]")
        axes.set_xticks(rows, [str(n) for n in rows])
        axes.minorticks_off()
        axes.legend(fontsize=8)
    return figure
