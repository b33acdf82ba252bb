r"""This module is the approximate model: every line alone, and what sneaks from line to line.

With all other lines held at 0 V, the path of input i to column j is exact and closed:

    D_ij = T_ij G_ij U_ij,

T the voltage of the word line at the cell per volt of input, U the share of the cell's current that
reaches the sense resistor: products of decays along ladders (``sweeps``), R_driver and R_sense
included. Published alpha-beta models are this product without the two. What is missing, G_eff - D,
sneaks through other lines: a cell raises its bit line, that raises other word lines, those feed
other columns. One such bounce is w -> A_w^-1 G A_b^-1 G w. On its way through many cells it forgets
where it came from, so that the sneak paths are close to one outer product, and each bounce is the
one before it times a ratio rho. With the bounces' row sums r_k, column sums c_k and totals t_k,

    G_eff = D + (r_1 + ... + r_m q)(c_1 + ... + c_m q)^T / (t_1 + ... + t_m q),
    q = 1 / (1 - kappa rho),   rho = t_{2m} / t_{2m-1}.

The totals up to t_{2m} are inner products of forward and backward bounces, no further bounce is
needed; kappa is fitted to ngspice (``COEFFICIENTS``).

Assumptions: linear cells, no silent rows but grounded ones; ends and segments as they are. Cost:
some 60 operations a cell for m = 1 and 100 for m = 2; memory 8 numbers a cell. kappa came out as
1.0002 (m = 1) and 1.0000 (m = 2): the series needs no correction where it was fitted.

Worst error in % of full scale on 300 random patterns and all single inputs, against the exact model,
with the resistances of ``bhattacharjee2022``, uniform (and mostly low) conductances:

    ====  ===========  ===========  ===========
    size  N^2 R/R_MIN  m = 1        m = 2
    ====  ===========  ===========  ===========
    32    0.51         0.06 (0.03)  0.06 (0.03)
    44    0.97         0.13 (0.03)  0.08 (0.04)
    64    2.05         0.31 (0.06)  0.07 (0.04)
    128   8.19         5.3 (0.53)   0.62 (0.08)
    ====  ===========  ===========  ===========

Against ngspice, on 24 circuits that kappa was not fitted to: 0.09 % at the most (``COEFFICIENTS``).
"""

import json
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbarsim.circuit import check_conductance
from xbarsim.errors import ParameterError
from xbarsim.fast.iterative import LineSolver
from xbarsim.fast.lines import Wiring
from xbarsim.fast.sweeps import (
    add_outer,
    column_sums,
    dot,
    multiply,
    row_sums,
    solve_bits,
    solve_words,
)
from xbarsim.parameters import CrossbarParams, TopologyParams

Array = NDArray[np.float64]

COEFFICIENTS = "closed_form.json"
"""File beside this module: kappa by bounces, the circuits it was fitted to, errors on others."""


def closed_form_conductance(
    conductance: ArrayLike,
    crossbar: CrossbarParams,
    *,
    topology: TopologyParams | None = None,
    r_wire_row: ArrayLike | None = None,
    r_wire_col: ArrayLike | None = None,
    bounces: int = 2,
    kappa: float | None = None,
) -> Array:
    r"""Return an approximation of the effective conductance, [row, col], in time rows x cols. [S]

    Args:
        conductance: Cell conductances, [row, col]. [S]
        crossbar: Geometry and resistances; any may be zero. [Ω]
        topology: Driven and sensed ends, and leads; the plain array by default.
        r_wire_row: Each word-line segment, [row, col - 1], in place of the one value. [Ω]
        r_wire_col: Each bit-line segment, [row - 1, col], in place of the one value. [Ω]
        bounces: Sneak paths that are followed before the rest is taken as a geometric series, >= 1.
        kappa: Ratio of the series as a multiple of the last ratio seen; the fitted one by default.

    Raises:
        ParameterError: If ``conductance`` does not fit, or ``bounces`` is less than one.

    References:
        Products of row and column factors: Diagonal Matrix Regression (IEEE document 9184938) and
        the alpha-beta matrix (IEEE document 9691996), both for wires alone; the sneak paths are
        this project's.
    """
    g = check_conductance(conductance, crossbar)
    if bounces < 1:
        msg = f"bounces is {bounces}; use one or more"
        raise ParameterError(msg)
    if kappa is None:
        kappa = fitted_kappa(bounces)
    lines = Wiring.of(crossbar, topology, r_wire_row, r_wire_col).lines().floored(float(g.max()))
    solver = LineSolver.of(np.ascontiguousarray(g), lines)
    return _Bounces(solver).conductance(bounces, kappa)


def fitted_kappa(bounces: int) -> float:
    """Return the fitted coefficient, that of the most bounces fitted where there are more."""
    kappa = _coefficients()["kappa"]
    return float(kappa[str(min(bounces, max(int(key) for key in kappa)))])


@cache
def _coefficients() -> dict[str, Any]:
    text = (resources.files("xbarsim.fast") / COEFFICIENTS).read_text()
    values: dict[str, Any] = json.loads(text)
    return values


class _Bounces:
    """Sneak paths forward from uniform inputs, and backward from uniform outputs."""

    def __init__(self, solver: LineSolver) -> None:
        self.solver = solver
        rows, cols = solver.g.shape
        nothing = np.zeros((rows, cols))
        self.transfer, self.share = np.empty((rows, cols)), np.empty((rows, cols))
        solve_words(solver.g, nothing, *solver.words, np.ones(rows), self.transfer)
        solve_bits(nothing, *solver.bits, np.ones(cols), self.share)
        self.into = solver.g * self.transfer
        self.out = solver.g * self.share

    def conductance(self, bounces: int, kappa: float) -> Array:
        """Return the direct paths, ``bounces``, and the series after them."""
        g = self.solver.g
        result: Array = self.into * self.share
        row, col, total = np.zeros(g.shape[0]), np.zeros(g.shape[1]), 0.0
        word, bit = np.empty_like(g), self.share.copy()
        forward, backward = self.into.copy(), np.empty_like(g)
        for k in range(bounces):
            solve_bits(forward, *self._bits(), backward)
            solve_words(g, backward, *self._words(), word)
            solve_words(g, bit, *self._words(), backward)
            multiply(g, backward, backward)
            solve_bits(backward, *self._bits(), bit)
            before = dot(bit, forward)
            if before == 0:
                return result
            multiply(g, word, forward)
            rho = dot(bit, forward) / before
            weight = 1.0 if k < bounces - 1 else 1 / (1 - min(kappa * rho, 0.9999))
            more_row, more_col = row_sums(self.into, bit), column_sums(self.out, word)
            row += weight * more_row
            col += weight * more_col
            total += weight * float(more_col.sum())
        add_outer(result, row, col / total)
        return result

    def _words(self) -> tuple[Array, ...]:
        return (*self.solver.words, np.zeros(self.solver.g.shape[0]))

    def _bits(self) -> tuple[Array, ...]:
        return (*self.solver.bits, np.zeros(self.solver.g.shape[1]))
