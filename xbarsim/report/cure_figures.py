"""This module is the figures of cures: accuracy after each, and what compensation leaves of IR drop."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from xbarsim.report.style import CYCLE, GREY, MARKERS, figure_style
from xbarsim.study import CureLine

_BEYOND = 102.0


def cure_figure(lines: Sequence[CureLine]) -> Any:  # noqa: ANN401
    """Draw accuracy after every cure: one panel a network, one line a cure, software as a rule."""
    rows = list(dict.fromkeys(line.row for line in lines))
    groups = [[line for line in lines if line.row == row] for row in rows]
    with figure_style() as figure_class:
        sizes = [len(group) + 1.5 for group in groups]
        figure = figure_class(figsize=(8.4, 0.23 * sum(sizes) + 0.6))
        panels = figure.subplots(
            len(groups), 1, squeeze=False, sharex=True, gridspec_kw={"height_ratios": sizes}
        )[:, 0]
        for axes, group in zip(panels, groups, strict=True):
            _cure_panel(axes, group)
        for axes in panels:
            axes.set_xscale("function", functions=(_near_all, _from_near_all))
        panels[-1].set(
            xlabel="accuracy [%], mean over chips and 95 % interval", xlim=(0, 100.5),
            xticks=(0, 50, 80, 90, 95, 98, 100),
        )  # fmt: skip
    return figure


def _near_all(accuracy: Any) -> Any:  # noqa: ANN401
    """Return where an accuracy is drawn: the nearer to 100 %, the wider; most cures end there."""
    return -np.log10(_BEYOND - np.minimum(accuracy, _BEYOND - 1e-3))


def _from_near_all(place: Any) -> Any:  # noqa: ANN401
    return _BEYOND - 10.0 ** (-np.asarray(place))


def _cure_panel(axes: Any, lines: Sequence[CureLine]) -> None:  # noqa: ANN401
    axes.axvline(lines[0].software, color=GREY, linewidth=2.5)
    for place, line in enumerate(lines):
        if line.after is None:
            axes.text(1, place, line.note[:80], fontsize=6, va="center")
            continue
        trained = "trained" in line.cure
        programmed = "compensated" in line.cure
        kind = 2 if trained else 1 if programmed else 0
        axes.errorbar(
            line.after, place, xerr=line.interval or 0.0, color=CYCLE[kind], marker=MARKERS[kind],
            markersize=5, linewidth=1.2,
        )  # fmt: skip
    names = [line.cure.split(", ", 1)[1] for line in lines]
    axes.set(title=lines[0].row, yticks=np.arange(len(lines)), ylim=(len(lines) - 0.4, -0.6))
    axes.set_yticklabels(names, fontsize=7)
    axes.grid(axis="x", alpha=0.3)


def beyond_figure(lines: Sequence[CureLine]) -> Any:  # noqa: ANN401
    """Draw accuracy under IR drop alone: raw, with a gain a layer, compensated; a panel a tile size."""
    alone = [line for line in lines if "no variation" in line.cure]
    tiles = list(dict.fromkeys(line.cure.split(",")[0] for line in alone))
    with figure_style() as figure_class:
        figure = figure_class(figsize=(8.4, 3.0))
        panels = figure.subplots(1, len(tiles), squeeze=False, sharey=True)[0]
        for axes, tile in zip(panels, tiles, strict=True):
            _alone_panel(axes, [line for line in alone if line.cure.startswith(f"{tile},")], tile)
        panels[0].set(ylabel="accuracy [%]", ylim=(0, 105))
        panels[-1].legend(fontsize=8, loc="center left", bbox_to_anchor=(1.01, 0.5))
    return figure


def _alone_panel(axes: Any, lines: Sequence[CureLine], tile: str) -> None:  # noqa: ANN401
    rows = list(dict.fromkeys(line.row for line in lines))
    cures = list(dict.fromkeys(line.cure for line in lines))
    places = np.arange(len(rows))
    soft = [next(line.software for line in lines if line.row == row) for row in rows]
    axes.scatter(places, soft, color=GREY, marker="_", s=600, linewidth=2.5, label="software")
    for k, cure in enumerate(cures):
        found = {line.row: line.after for line in lines if line.cure == cure}
        heights = [np.nan if found.get(row) is None else found[row] for row in rows]
        name = cure.removeprefix(f"{tile}, ").removesuffix(", no variation")
        axes.scatter(places, heights, color=CYCLE[k], marker=MARKERS[k], label=name, zorder=3)
    axes.set(title=f"{tile}, no variation", xticks=places, xlim=(-0.6, len(rows) - 0.4))
    axes.set_xticklabels(rows, rotation=20, ha="right", fontsize=7)
