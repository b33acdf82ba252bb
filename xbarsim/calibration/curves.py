"""This module is the fit of single cells' I-V curves: V0 of a sinh cell, and their conductances."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares

from xbarsim.calibration.fit import Estimate, uncertainties
from xbarsim.calibration.identify import Identifiability, identifiability
from xbarsim.calibration.measurements import Curves
from xbarsim.calibration.model import noise_weight
from xbarsim.errors import ParameterError, SolveError
from xbarsim.parameters import SinhCell

Array = NDArray[np.float64]

_FIRST_V0 = (0.5, 1.0, 2.0, 5.0, 20.0)
_STEEPEST = 30.0
_WEIGHTINGS = 2


@dataclass(frozen=True)
class CurveCalibration:
    """What I-V curves say about the cells.

    Attributes:
        cell: The cells' law, with the fitted v0.
        v0: Voltage over which the current turns exponential. [V]
        conductances: Conductance of each cell at 0 V. [S]
        scale: Fitted conductance per programmed one, when programmed values were given. [1]
        offset: Fitted conductance of a cell programmed to zero. [S]
        variation: Relative scatter of the cells about that line. [1]
        noise: Relative deviation between measured and fitted currents that is left.
        identifiability: What the curves can and cannot tell apart.
    """

    cell: SinhCell
    v0: Estimate
    conductances: tuple[Estimate, ...]
    scale: Estimate | None
    offset: Estimate | None
    variation: float | None
    noise: float
    identifiability: Identifiability


def calibrate_curves(
    curves: Curves,
    *,
    programmed: ArrayLike | None = None,
    series: float = 0.0,
) -> CurveCalibration:
    r"""Fit $i_k = g_k v_0 \sinh(v / v_0)$ to curves of cells that share one $v_0$.

    Minimises $\sum (i_{model} - i)^2 / (|i_{model}| + 10^{-3} i_{max})^2$ with each cell's own
    maximum. The conductances enter linearly, so each is solved for, and only $v_0$ is searched.
    Standard errors come from all parameters together; intervals are simultaneous (Bonferroni).

    Args:
        curves: Voltages [point] in V and currents [point, cell] in A.
        programmed: Conductances that the cells were programmed to, [cell]; gives scale and offset.
            [S]
        series: Resistance in series with every cell, such as probes and drivers. [Ω]

    Raises:
        ParameterError: If there are too few points, a cell carries no current, or shapes do not fit.
        SolveError: If the fit does not converge.
    """
    told = curves.v != 0  # the others say nothing of any parameter
    i = curves.i[told]
    v = curves.v[told, None] - series * i
    _check(v, i, series)
    weight = _weight(i)
    for _ in range(_WEIGHTINGS):
        v0 = _search(v, i, weight)
        shape = _law(v0, v)
        # Weights from measured currents favour those that noise made small.
        weight = _weight(_best_conductance(shape, i, weight) * shape)
    return _result(_search(v, i, weight), v, i, weight, programmed)


def _weight(i: Array) -> Array:
    return np.stack([noise_weight(cell) for cell in i.T], axis=1)


def _search(v: Array, i: Array, weight: Array) -> float:
    """Return the best v0, from several starts. [V]"""
    peak = float(np.abs(v).max())

    def misfit(x: Array) -> Array:
        return _residual(peak * float(np.exp(x[0])), v, i, weight).ravel()

    ends = np.log(1 / _STEEPEST), np.log(1e4)
    tries = [least_squares(misfit, [np.log(start)], bounds=ends, xtol=1e-14) for start in _FIRST_V0]
    found = min(tries, key=lambda one: float(one.cost))
    if not found.success:
        msg = f"the fit of v0 did not converge: {found.message}; check the curves"
        raise SolveError(msg)
    return peak * float(np.exp(found.x[0]))


def _check(v: Array, i: Array, series: float) -> None:
    points, cells = i.shape
    if points * cells <= cells + 1 or points < 3:
        msg = f"{points} points a cell cannot determine v0 and {cells} conductances; measure more"
        raise ParameterError(msg)
    if not series >= 0:
        msg = f"the series resistance is {series!r} Ω: it must not be negative"
        raise ParameterError(msg)
    dead = np.flatnonzero((i * v).sum(axis=0) <= 0)
    if len(dead):
        msg = f"cell {int(dead[0])} passes no current along its voltage; leave its column out"
        raise ParameterError(msg)


def _law(v0: float, v: Array) -> Array:
    return np.asarray(v0 * np.sinh(v / v0))


def _best_conductance(shape: Array, i: Array, weight: Array) -> Array:
    """Return the weighted least-squares conductance of each cell, [cell]. [S]"""
    return np.asarray((shape * i / weight**2).sum(axis=0) / (shape**2 / weight**2).sum(axis=0))


def _residual(v0: float, v: Array, i: Array, weight: Array) -> Array:
    shape = _law(v0, v)
    return np.asarray((_best_conductance(shape, i, weight) * shape - i) / weight)


def _result(
    v0: float, v: Array, i: Array, weight: Array, programmed: ArrayLike | None
) -> CurveCalibration:
    shape = _law(v0, v)
    g = _best_conductance(shape, i, weight)
    points, cells = i.shape
    jacobian = np.zeros((points, cells, cells + 1))
    jacobian[:, :, 0] = g * (np.sinh(v / v0) - v / v0 * np.cosh(v / v0)) / weight
    jacobian[:, np.arange(cells), np.arange(cells) + 1] = shape / weight
    flat = jacobian.reshape(-1, cells + 1)
    names, values = ["v0", *(f"g_{k}" for k in range(cells))], np.concatenate([[v0], g])
    left = _residual(v0, v, i, weight).ravel()
    (law, *each), noise = uncertainties(names, values, flat, left)
    judged = identifiability(names, np.abs(values), flat, noise)
    if law.deviation > 0.1 * v0:
        peak = float(np.abs(v).max())
        judged = judged.advised(
            f"up to {peak:.3g} V the cells are as good as linear, so v0 is vague: measure at higher "
            f"voltage, or give [cell] kind = 'linear'"
        )
    scale = offset = variation = None
    if programmed is not None:
        scale, offset, variation = _line(g, np.asarray(programmed, dtype=np.float64).ravel())
    return CurveCalibration(
        SinhCell(v0=v0), law, tuple(each), scale, offset, variation, noise, judged
    )


def _line(g: Array, programmed: Array) -> tuple[Estimate, Estimate, float]:
    """Fit g = scale programmed + offset, with scatter in proportion to the conductance."""
    if programmed.shape != g.shape or len(g) < 3 or np.ptp(programmed) == 0:
        msg = (
            f"{programmed.size} programmed conductances for {g.size} curves: scale and offset need "
            "three cells or more, not all alike"
        )
        raise ParameterError(msg)
    columns = np.stack([programmed, np.ones_like(g)], axis=1) / g[:, None]
    values = np.asarray(np.linalg.lstsq(columns, np.ones_like(g), rcond=None)[0], np.float64)
    (scale, offset), scatter = uncertainties(
        ["g_scale", "g_offset"], values, columns, columns @ values - 1
    )
    return scale, offset, scatter
