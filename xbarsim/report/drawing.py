"""This module is the drawing of a crossbar, every wire and cell coloured by voltage or current."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbarsim.errors import ParameterError
from xbarsim.parameters import CrossbarParams
from xbarsim.report.style import INK, figure_style

Array = NDArray[np.float64]
Lines = Sequence[Array]

_DROP = 0.34
_MOST = 48
_LABELS = {"voltage": "voltage [V]", "current": "current [A]"}


def crossbar_drawing(
    v_row: ArrayLike,
    v_word: ArrayLike,
    v_bit: ArrayLike,
    i_cell: ArrayLike,
    crossbar: CrossbarParams,
    *,
    colour: Literal["voltage", "current"] = "voltage",
) -> Any:  # noqa: ANN401
    """Draw an array as lines: word lines from the left, bit lines down, a cell at each crossing.

    By ``voltage`` wires have the mean voltage of their two ends, cells the voltage across them; by
    ``current`` everything has the current that it carries, on a logarithmic scale. Drivers are at
    the left, senses at the bottom. All are vectors in an SVG or PDF file.

    Args:
        v_row: Voltages of the drivers, [row]. [V]
        v_word: Voltages of the word-line nodes, [row, col]. [V]
        v_bit: Voltages of the bit-line nodes, [row, col]. [V]
        i_cell: Currents through the cells, [row, col]. [A]
        crossbar: Size of the array.
        colour: What the colours say.

    Raises:
        ParameterError: If the shapes differ, or the array has more than 48 rows or columns.
    """
    v = np.asarray(v_row, dtype=np.float64)
    arrays = [np.asarray(x, dtype=np.float64) for x in (v_word, v_bit, i_cell)]
    shape = crossbar.shape
    if v.shape != shape[:1] or any(x.shape != shape for x in arrays):
        found = [v.shape, *(x.shape for x in arrays)]
        msg = f"the array is {shape}, but v_row, v_word, v_bit and i_cell are {found}"
        raise ParameterError(msg)
    if max(shape) > _MOST:
        size = f"{shape[0]}x{shape[1]}"
        msg = f"an array of {size} is too fine to draw; draw a part, at most {_MOST}x{_MOST}"
        raise ParameterError(msg)
    values = _voltages(v, *arrays) if colour == "voltage" else _currents(*arrays)
    return _draw(_wires(shape), _cells(shape), values, colour, shape)


def _voltages(v: Array, word: Array, bit: Array, i_cell: Array) -> tuple[Array, Array]:  # noqa: ARG001
    """Return the voltage of every wire, in the order of ``_wires``, and across every cell."""
    rows = np.concatenate([v[:, None], word], axis=1)
    cols = np.concatenate([bit, np.zeros((1, bit.shape[1]))])
    means = [(rows[:, 1:] + rows[:, :-1]) / 2, (cols[1:] + cols[:-1]) / 2]
    return np.concatenate([m.ravel() for m in means]), np.abs(word - bit).ravel()


def _currents(word: Array, bit: Array, i_cell: Array) -> tuple[Array, Array]:  # noqa: ARG001
    """Return the current of every wire, in the order of ``_wires``, and through every cell.

    What enters a word line leaves it through its cells, so both sums need no resistance.
    """
    along = i_cell[:, ::-1].cumsum(axis=1)[:, ::-1]
    down = i_cell.cumsum(axis=0)
    return np.abs(np.concatenate([along.ravel(), down.ravel()])), np.abs(i_cell).ravel()


def _wires(shape: tuple[int, int]) -> Lines:
    """Return a line from the left to every word-line node, and down from every bit-line node."""
    i, j = (x.ravel() for x in np.indices(shape))
    along = np.stack([np.stack([j - 1, i], 1), np.stack([j, i], 1)], 1).astype(float)
    start = np.stack([j + _DROP, i + _DROP], 1)
    down = np.stack([start, start + np.array([0, 1])], 1)
    return [*along, *down]


def _cells(shape: tuple[int, int]) -> Lines:
    i, j = (x.ravel() for x in np.indices(shape))
    return list(np.stack([np.stack([j, i], 1), np.stack([j + _DROP, i + _DROP], 1)], 1))


def _draw(
    wires: Lines, cells: Lines, values: tuple[Array, Array], colour: str, shape: tuple[int, int]
) -> Any:  # noqa: ANN401
    from matplotlib.collections import LineCollection
    from matplotlib.colors import LogNorm, Normalize

    rows, cols = shape
    together = np.concatenate(values)
    with figure_style() as figure_class:
        size = 6.0 / max(shape)
        figure = figure_class(figsize=(cols * size + 2.0, rows * size + 1.0))
        axes = figure.subplots()
        if colour == "voltage":
            norm: Any = Normalize(min(0.0, together.min()), together.max())
        else:
            top = together.max()
            norm = LogNorm(max(together[together > 0].min(), 1e-6 * top), top, clip=True)
        width = max(0.8, min(3.0, 40 / max(shape)))
        for lines, value, share in ((wires, values[0], 1.0), (cells, values[1], 2.0)):
            drawn = LineCollection(
                list(lines), array=value, cmap="viridis", norm=norm, linewidths=share * width,
                capstyle="round" if share == 1 else "butt",
            )  # fmt: skip
            axes.add_collection(drawn)
        figure.colorbar(drawn, ax=axes, label=_LABELS[colour])
        _frame(axes, rows, cols)
    return figure


def _frame(axes: Any, rows: int, cols: int) -> None:  # noqa: ANN401
    """Say where drivers and senses are, and number the lines."""
    axes.grid(visible=False)
    axes.set(xlim=(-1.3, cols), ylim=(rows + 0.8, -0.6), aspect="equal")
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(length=0)
    every = max(1, max(rows, cols) // 8)
    axes.set_yticks(range(0, rows, every))
    axes.set_xticks(np.arange(0, cols, every) + _DROP, [str(n) for n in range(0, cols, every)])
    axes.set(xlabel="bit line, sensed at the bottom", ylabel="word line, driven at the left")
    for i in range(rows):
        axes.plot(-1, i, marker=">", color=INK, markersize=4)
    for j in range(cols):
        axes.plot(j + _DROP, rows + _DROP, marker="v", color=INK, markersize=4)
