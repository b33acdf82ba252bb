r"""This module is the model of nonlinear cells: Newton's method, each step one exact linear solve.

About the cell voltages v of the last step a cell is its slope and a source,

    i(u) = i(v) + i'(v) (u - v),

so that the array is linear again. The start is the linear solve with the cells' conductance at 0 V.
What the straight line misses at the new voltages, i(u) minus the above, is the exact violation of
Kirchhoff's law there: it is the residual that is reported, and that decides when to stop.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from xbarsim.circuit import check_conductance, check_inputs
from xbarsim.errors import ParameterError, SolveError
from xbarsim.fast.nodes import factorise
from xbarsim.parameters import CrossbarParams

Array = NDArray[np.float64]

_NUMBERS_AT_A_TIME = 2**24


class CellLaw(Protocol):
    """Current and slope of a cell per siemens of its conductance at 0 V."""

    def current(self, v: Tensor) -> Tensor:
        """Return i / g at cell voltages v. [V]"""
        ...

    def slope(self, v: Tensor) -> Tensor:
        """Return the derivative of ``current``."""
        ...


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
class NonlinearSolution:
    """Currents of nonlinear cells, and how well they fulfil Kirchhoff's law.

    Attributes:
        i_col: Column currents, [batch, col]. [A]
        v_cell: Word-line minus bit-line voltage of every cell, [batch, row, col]. [V]
        residuals: Worst violation of Kirchhoff's current law after each Newton step, as a share of
            the largest cell current, [step].
    """

    i_col: Array
    v_cell: Array
    residuals: Array


def nonlinear_currents(
    conductance: ArrayLike,
    v_row: ArrayLike,
    crossbar: CrossbarParams,
    law: CellLaw,
    *,
    tolerance: float = 1e-10,
    most_steps: int = 50,
) -> NonlinearSolution:
    """Solve an array of nonlinear cells for a batch of inputs.

    Args:
        conductance: Cell conductances at 0 V, [row, col]. [S]
        v_row: Input vectors, [batch, row]. [V]
        crossbar: Geometry and resistances. [Ω]
        law: ``SinhLaw``, ``PolynomialLaw`` or another ``CellLaw``; its slope may not be negative.
        tolerance: Residual to reach, as a share of the largest cell current.
        most_steps: Newton steps after which to give up.

    Raises:
        ParameterError: If shapes or values are not physical.
        SolveError: If ``tolerance`` is not reached, or the law falls where the cells are.
    """
    g = torch.from_numpy(check_conductance(conductance, crossbar))
    v = torch.from_numpy(check_inputs(v_row, crossbar.rows))
    size = max(1, _NUMBERS_AT_A_TIME // (crossbar.rows * crossbar.cols**2))
    parts = [
        _newton(g, part, crossbar, law, tolerance, most_steps) for part in torch.split(v, size)
    ]
    steps = max(len(residuals) for _, residuals in parts)
    worst = [max(r[min(k, len(r) - 1)] for _, r in parts) for k in range(steps)]
    v_cell = torch.cat([cell for cell, _ in parts])
    i_col = (g * law.current(v_cell)).sum(dim=-2)
    return NonlinearSolution(i_col.numpy(), v_cell.numpy(), np.array(worst))


def _newton(
    g: Tensor,
    v_row: Tensor,
    crossbar: CrossbarParams,
    law: CellLaw,
    tolerance: float,
    most_steps: int,
) -> tuple[Tensor, list[float]]:
    """Return cell voltages [batch, row, col] and the residual after each step."""
    sources = v_row[:, None, :]
    cell = factorise(g, crossbar.resistances).cell_voltages(v_row)
    residuals: list[float] = []
    while len(residuals) < most_steps:
        slope = g * law.slope(cell)
        _check_slope(slope, cell)
        beside = g * law.current(cell) - slope * cell
        factor = factorise(slope, crossbar.resistances)
        cell = factor.cell_voltages(sources, injected=beside[:, None])[:, 0]
        current = g * law.current(cell)
        missed = (current - slope * cell - beside).abs().max()
        residuals.append(float(missed / current.abs().max().clamp_min(1e-300)))
        if residuals[-1] <= tolerance:
            return cell, residuals
    last: Any = residuals[-1] if residuals else None
    msg = (
        f"the nonlinear solve left a residual of {last!r} of the largest cell current after "
        f"{most_steps} steps, more than {tolerance!r}; use smaller inputs or a larger tolerance"
    )
    raise SolveError(msg)


def _check_slope(slope: Tensor, cell: Tensor) -> None:
    """Refuse slopes for which the linearised array is no network of resistors."""
    bad = ~((slope >= 0) & torch.isfinite(slope))
    if bool(bad.any()):
        v = float(cell[bad][0])
        msg = (
            f"the cell law's slope is {float(slope[bad][0])!r} S at {v!r} V: it must be finite and not "
            "negative; use smaller inputs, or a law that rises there"
        )
        raise SolveError(msg)
