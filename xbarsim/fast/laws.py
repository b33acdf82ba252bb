"""This module is the cells' laws for the fast models: current and slope, in torch.

Two-terminal cells carry their conductance times a function of their voltage (``CellLaw``). A cell in
series with a transistor or a selector does not scale so (``SeriesLaw``), and a transistor's current
also depends on how far the bit line has risen. ``cell_law`` finds the law of a kind of cell.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

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

_SELECTOR_STEPS = 60


class CellLaw(Protocol):
    """Current and slope of a cell per siemens of its conductance at 0 V."""

    def current(self, v: Tensor) -> Tensor:
        """Return i / g at cell voltages v. [V]"""
        ...

    def slope(self, v: Tensor) -> Tensor:
        """Return the derivative of ``current``."""
        ...


@runtime_checkable
class SeriesLaw(Protocol):
    """Current and slope of a cell that is no multiple of its conductance."""

    def branch(self, g: Tensor, v: Tensor, v_bit: Tensor) -> tuple[Tensor, Tensor]:
        """Return current [A] and its derivative by v [S].

        Args:
            g: Conductance of the resistor. [S]
            v: Word-line minus bit-line voltage. [V]
            v_bit: Bit-line voltage. [V]
        """
        ...


def branch(law: CellLaw | SeriesLaw, g: Tensor, v: Tensor, v_bit: Tensor) -> tuple[Tensor, Tensor]:
    """Return current [A] and slope [S] of cells under any law; see ``SeriesLaw.branch``."""
    if isinstance(law, SeriesLaw):
        return law.branch(g, v, v_bit)
    return g * law.current(v), g * law.slope(v)


def cell_law(cell: CellParams) -> CellLaw | SeriesLaw:
    """Return the law of a kind of cell.

    Raises:
        ParameterError: If only ngspice knows it.
    """
    law = law_of(cell)
    if law is not None:
        return law
    if isinstance(cell, TransistorCell):
        return TransistorLaw(cell)
    if isinstance(cell, SelectorCell):
        return SelectorLaw(cell.i_sel, cell.v_sel)
    msg = f"the fast model knows no law for {cell.kind!r} cells; only ngspice can solve them"
    raise ParameterError(msg)


def law_of(cell: CellParams) -> CellLaw | None:
    """Return the law of a cell whose current is its conductance times a function of its voltage.

    ``None`` for the others: cells in series with a transistor or selector, the user's sub-circuits.
    """
    if isinstance(cell, LinearCell):
        return PolynomialLaw(())
    if isinstance(cell, SinhCell):
        return SinhLaw(cell.v0)
    if isinstance(cell, PolynomialCell):
        return PolynomialLaw((cell.a2, cell.a3))
    return TableLaw(cell.v, cell.u) if isinstance(cell, TableCell) else None


@dataclass(frozen=True)
class SinhLaw:
    r"""$i = g\,v_0 \sinh(v / v_0)$, tunnelling cells."""

    v_0: float

    def __post_init__(self) -> None:
        if not 0 < self.v_0 < float("inf"):
            msg = f"v_0 is {self.v_0!r} V; use a positive, finite voltage"
            raise ParameterError(msg)

    def current(self, v: Tensor) -> Tensor:
        """Return v_0 sinh(v / v_0). [V]"""
        return self.v_0 * torch.sinh(v / self.v_0)

    def slope(self, v: Tensor) -> Tensor:
        """Return cosh(v / v_0)."""
        return torch.cosh(v / self.v_0)


@dataclass(frozen=True)
class PolynomialLaw:
    r"""$i = g\,(v + c_2 v^2 + c_3 v^3 + \dots)$, with ``coefficients`` (c_2, c_3, ...)."""

    coefficients: Sequence[float]

    def current(self, v: Tensor) -> Tensor:
        """Return v + c_2 v^2 + c_3 v^3 + ... [V]"""
        total = torch.zeros_like(v)
        for c in reversed((1.0, *self.coefficients)):
            total = (total + c) * v
        return total

    def slope(self, v: Tensor) -> Tensor:
        """Return 1 + 2 c_2 v + 3 c_3 v^2 + ..."""
        total = torch.zeros_like(v)
        for k, c in reversed(list(enumerate((1.0, *self.coefficients), start=1))):
            total = total * v + k * c
        return total


@dataclass(frozen=True)
class TableLaw:
    r"""$i = g\,u(v)$, u piecewise linear through points that rise; the end pieces go on outside."""

    v: Sequence[float]
    u: Sequence[float]

    def __post_init__(self) -> None:
        TableCell(v=tuple(self.v), u=tuple(self.u))

    def current(self, v: Tensor) -> Tensor:
        """Return u(v). [V]"""
        points, values, steep = self._pieces(v)
        piece = self._piece(v, points)
        return values[piece] + steep[piece] * (v - points[piece])

    def slope(self, v: Tensor) -> Tensor:
        """Return the slope of the piece that v lies in."""
        points, _, steep = self._pieces(v)
        return steep[self._piece(v, points)]

    def _pieces(self, v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        points, values = (torch.tensor(x, dtype=v.dtype) for x in (self.v, self.u))
        return points, values, values.diff() / points.diff()

    @staticmethod
    def _piece(v: Tensor, points: Tensor) -> Tensor:
        found = torch.searchsorted(points, v.contiguous(), right=True) - 1
        return found.clamp(0, len(points) - 2)


@dataclass(frozen=True)
class TransistorLaw:
    r"""1T1R: g in series with an NMOS of SPICE level 1 to the bit line.

    With x across the transistor and $o = V_{gate} - v_{bit} - V_T$, the current below saturation is
    $\beta\,(o\,x - x^2 / 2) = g\,(v - x)$, whose smaller root is x; above, $x > o$, it is
    $\beta\,o^2 / 2$ and does not follow the word line. A transistor with $o \le 0$ is off.
    """

    cell: TransistorCell

    def branch(self, g: Tensor, v: Tensor, v_bit: Tensor) -> tuple[Tensor, Tensor]:
        """Return current [A] and its derivative by v at a fixed bit line [S]."""
        beta = self.cell.beta
        over = (self.cell.v_gate - self.cell.vt0 - v_bit).clamp_min(0.0)
        middle = beta * over + g
        root = (middle.square() - 2 * beta * g * v).clamp_min(0.0).sqrt()
        x = 2 * g * v / (middle + root).clamp_min(1e-300)
        saturated = (x > over) | (over == 0)
        channel = (beta * (over - x)).clamp_min(0.0)
        current = torch.where(saturated, beta * over.square() / 2, g * (v - x))
        series = g * channel / (g + channel).clamp_min(1e-300)
        return current, torch.where(saturated, torch.zeros_like(series), series)


@dataclass(frozen=True)
class SelectorLaw:
    r"""1S1R: g in series with a selector, $v = v_{sel}\,y + (i_{sel} / g) \sinh y$."""

    i_sel: float
    v_sel: float

    def branch(self, g: Tensor, v: Tensor, v_bit: Tensor) -> tuple[Tensor, Tensor]:
        """Return current [A] and slope [S]; Newton's method for y falls from above, so it ends."""
        _ = v_bit
        size = v.abs()
        y = torch.minimum(size / self.v_sel, torch.asinh(g * size / self.i_sel))
        for _step in range(_SELECTOR_STEPS):
            excess = g * self.v_sel * y + self.i_sel * torch.sinh(y) - g * size
            step = excess / (g * self.v_sel + self.i_sel * torch.cosh(y))
            y = y - step
            if float(step.abs().max()) <= 1e-15 * max(1.0, float(y.abs().max())):
                break
        selector = self.i_sel * torch.cosh(y) / self.v_sel
        current = self.i_sel * torch.sinh(y) * torch.sign(v)
        return current, g * selector / (g + selector)
