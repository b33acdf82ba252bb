"""This module is the one look of all figures: colour-blind safe, legible in print and on screen."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# Okabe and Ito's palette, distinguishable with any colour vision.
BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, GREY = "#CC79A7", "#56B4E9", "#666666"
CYCLE = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED)
MARKERS = ("o", "s", "^", "D", "v", "P")

INK = "#1a1b1c"
"""Colour of all text and axes; inside a page it becomes the page's own."""
GRID = "#8f9091"


@contextmanager
def figure_style() -> Iterator[Any]:
    """Yield matplotlib.pyplot-free ``Figure`` with the house's settings."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    settings: dict[Any, Any] = {
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.alpha": 0.4,
        "grid.color": GRID,
        "figure.constrained_layout.use": True,
        "legend.framealpha": 0.0,
        "svg.fonttype": "none",
        "svg.hashsalt": "xbarsim",
        **dict.fromkeys(
            ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK
        ),
    }
    with mpl.rc_context(settings):
        yield Figure
