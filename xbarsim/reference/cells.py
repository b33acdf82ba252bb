"""This module is the cells' laws in closed form: current and slopes from the voltages of both ends.

Written from the physics, and not from the decks, so that ngspice and the oracle stay independent.
"""

from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from xbarsim.errors import ParameterError
from xbarsim.parameters import (
    CellParams,
    LinearCell,
    PolynomialCell,
    SelectorCell,
    SinhCell,
    TableCell,
    TransistorCell,
)

Array = NDArray[np.float64]
Slopes = tuple[Array, Array, Array]
_SELECTOR_STEPS = 200


@singledispatch
def cell_current(cell: CellParams, g: Array, v_a: Array, v_b: Array) -> Slopes:
    """Return I(v_a, v_b) [A], dI/dv_a and dI/dv_b [S] of cells between word and bit line.

    Args:
        cell: Law of the cells.
        g: Low-voltage conductance of each. [S]
        v_a: Voltage of its word-line node. [V]
        v_b: Voltage of its bit-line node. [V]

    Raises:
        ParameterError: If the law is the user's own, which only ngspice knows.
    """
    _ = g, v_a, v_b
    msg = f"the nodal oracle knows no law for {cell.kind!r} cells; only ngspice can solve them"
    raise ParameterError(msg)


@cell_current.register
def _(_cell: LinearCell, g: Array, v_a: Array, v_b: Array) -> Slopes:
    return g * (v_a - v_b), g, -g


@cell_current.register
def _(cell: SinhCell, g: Array, v_a: Array, v_b: Array) -> Slopes:
    x = (v_a - v_b) / cell.v0
    slope = g * np.cosh(x)
    return g * cell.v0 * np.sinh(x), slope, -slope


@cell_current.register
def _(cell: PolynomialCell, g: Array, v_a: Array, v_b: Array) -> Slopes:
    v = v_a - v_b
    slope = g * (1 + 2 * cell.a2 * v + 3 * cell.a3 * v**2)
    return g * (v + cell.a2 * v**2 + cell.a3 * v**3), slope, -slope


@cell_current.register
def _(cell: TableCell, g: Array, v_a: Array, v_b: Array) -> Slopes:
    v, points, values = v_a - v_b, np.asarray(cell.v), np.asarray(cell.u)
    piece = np.clip(np.searchsorted(points, v, side="right") - 1, 0, len(points) - 2)
    steep = np.diff(values)[piece] / np.diff(points)[piece]
    return g * (values[piece] + steep * (v - points[piece])), g * steep, -g * steep


@cell_current.register
def _(cell: TransistorCell, g: Array, v_a: Array, v_b: Array) -> Slopes:
    r"""Eliminate the inner node, x = V_ds above the bit line.

    With o = V_g - V_b - V_T: $\beta x^2/2 - (\beta o + g) x + g (V_a - V_b) = 0$ below saturation,
    for either sign of x.
    """
    beta, drop = cell.beta, v_a - v_b
    over = np.maximum(cell.v_gate - v_b - cell.vt0, 0.0)  # below threshold it is off
    linear = beta * over + g
    root = np.sqrt(np.maximum(linear**2 - 2 * beta * g * drop, 0.0))
    x = 2 * g * drop / (linear + root)
    saturated = x > over
    current = np.where(saturated, beta * over**2 / 2, g * (drop - x))
    steep = np.where(saturated, 1.0, linear - beta * x)
    slope_a = np.where(saturated, 0.0, g * (1 - g / steep))
    slope_b = np.where(saturated, -beta * over, -g * (1 + (beta * x - g) / steep))
    return current, slope_a, slope_b


@cell_current.register
def _(cell: SelectorCell, g: Array, v_a: Array, v_b: Array) -> Slopes:
    """Solve v = s arcsinh(I / i_sel) + I / g for I: the inner voltage by bracketed Newton."""
    drop = v_a - v_b
    low, high = np.minimum(drop, 0.0), np.maximum(drop, 0.0)
    inner = drop / 2
    for _ in range(_SELECTOR_STEPS):
        # The selector's current, held finite: beyond 50 v_sel it exceeds any cell's by far.
        x = np.clip(inner / cell.v_sel, -50, 50)
        excess = cell.i_sel * np.sinh(x) - g * (drop - inner)
        high, low = np.where(excess > 0, inner, high), np.where(excess > 0, low, inner)
        step = inner - excess / (cell.i_sel * np.cosh(x) / cell.v_sel + g)
        inside = (step > low) & (step < high)
        new = np.where(inside, step, (low + high) / 2)
        if np.array_equal(new, inner):
            break
        inner = new
    selector = cell.i_sel * np.cosh(np.clip(inner / cell.v_sel, -50, 50)) / cell.v_sel
    slope = g * selector / (g + selector)
    return cell.i_sel * np.sinh(np.clip(inner / cell.v_sel, -50, 50)), slope, -slope
