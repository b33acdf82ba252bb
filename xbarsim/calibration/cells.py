"""This module is every cell's conductance from column currents, the wires being known."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbarsim.calibration.measurements import Measurements
from xbarsim.calibration.model import noise_weight
from xbarsim.circuit import check_inputs
from xbarsim.errors import ParameterError, SolveError
from xbarsim.fast import effective_conductance
from xbarsim.parameters import CrossbarParams

Array = NDArray[np.float64]

_STEPS = 400
_CLOSE = 1e-10
_SMALLEST = 1e-9
_LARGEST = 1e6
_NORMAL = 1.959963984540054


@dataclass(frozen=True)
class CellCalibration:
    """Conductances of linear cells.

    Attributes:
        conductance: Best values, [row, col]; 0 where the data says less than nothing. [S]
        deviation: Standard error of each. [S]
        noise: Relative deviation between measured and fitted currents that is left.
        condition: Condition number of the inputs: how unevenly they drive the rows.
    """

    conductance: Array
    deviation: Array
    noise: float
    condition: float

    def interval(self) -> tuple[Array, Array]:
        """Return the ends of each cell's own 95 % interval, [row, col]. [S]"""
        half = _NORMAL * self.deviation
        return self.conductance - half, self.conductance + half


def calibrate_cells(
    measurements: Measurements,
    crossbar: CrossbarParams,
    *,
    draws: int = 60,
    seed: int = 0,
    on_step: Callable[[], None] = lambda: None,
) -> CellCalibration:
    r"""Find the conductances whose exact model gives the measured currents.

    The columns' effective conductance is found by weighted least squares, noise in proportion to
    the current, and then inverted: $G \leftarrow G + (\hat T - T(G))\,G / T(G)$. Standard errors are
    those of as many inversions of matrices drawn from the fit's own distribution.

    Args:
        measurements: Inputs [batch, row] in V, more than rows, and currents [batch, col] in A.
        crossbar: Size and known resistances; together with all cells they are not identifiable. [Ω]
        draws: Inversions from which the standard errors are taken.
        seed: Seed of the draws.
        on_step: Called after every inversion.

    Raises:
        ParameterError: If shapes do not fit, or the inputs do not tell all rows apart.
        SolveError: If no array of these wires has such columns.
    """
    v = check_inputs(measurements.v_row, crossbar.rows)
    i_col = measurements.i_col
    _check(v, i_col, crossbar)
    weight = noise_weight(i_col)
    matrix, roots, left = _columns(v, i_col, weight)
    freedom = (len(v) - crossbar.rows) * crossbar.cols
    noise = float(np.sqrt((left**2).sum() / freedom))
    best = _invert(matrix, crossbar)
    on_step()
    generator = np.random.default_rng(seed)
    spread = []
    for _ in range(draws):
        shift = np.einsum("jik,jk->ij", roots, generator.standard_normal(matrix.T.shape))
        spread.append(_invert(matrix + noise * shift, crossbar, best))
        on_step()
    deviation = np.std(spread, axis=0, ddof=1)
    return CellCalibration(best, deviation, noise, float(np.linalg.cond(v)))


def _check(v: Array, i_col: Array, crossbar: CrossbarParams) -> None:
    if i_col.shape != (len(v), crossbar.cols):
        msg = f"i_col has shape {i_col.shape}; expected {(len(v), crossbar.cols)}"
        raise ParameterError(msg)
    rank = int(np.linalg.matrix_rank(v))
    if len(v) <= crossbar.rows or rank < crossbar.rows:
        msg = (
            f"{len(v)} vectors of rank {rank} do not tell {crossbar.rows} rows apart: measure more "
            "than one vector a row, for instance every row alone and some dense ones"
        )
        raise ParameterError(msg)


def _columns(v: Array, i_col: Array, weight: Array) -> tuple[Array, Array, Array]:
    """Return the matrix [row, col], a root of each column's covariance [col, row, row], residuals."""
    matrix, roots, left = [], [], []
    for i, w in zip(i_col.T, weight.T, strict=True):
        q, r = np.linalg.qr(v / w[:, None])
        column = np.linalg.solve(r, q.T @ (i / w))
        matrix.append(column)
        roots.append(np.linalg.inv(r))
        left.append((v @ column - i) / w)
    return np.stack(matrix, axis=1), np.stack(roots), np.stack(left, axis=1)


def _invert(matrix: Array, crossbar: CrossbarParams, start: Array | None = None) -> Array:
    """Return the conductances [row, col] whose effective conductance is ``matrix``, not below 0."""
    scale = float(np.abs(matrix).max())
    least = _SMALLEST * scale
    g = np.maximum(matrix if start is None else start, least)
    missed = np.inf
    for _ in range(_STEPS):
        found = effective_conductance(g, crossbar)
        gap = np.where((g <= least) & (matrix < found), 0.0, matrix - found)
        missed = float(np.abs(gap).max()) / scale
        if missed <= _CLOSE:
            return np.where(g <= least, 0.0, g)
        g = np.maximum(g + gap * g / found, least)
        if g.max() > _LARGEST * scale:
            break
    msg = (
        f"no conductances behind these wires give the measured columns: {missed:.1e} of the largest "
        f"is left; are the resistances right?"
    )
    raise SolveError(msg)
