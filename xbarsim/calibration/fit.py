"""This module is the least-squares fit of an array's parameters to its measured column currents."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares
from scipy.stats import t as student

from xbarsim.calibration.identify import Identifiability, identifiability
from xbarsim.calibration.measurements import Measurements
from xbarsim.circuit import check_conductance, check_inputs
from xbarsim.errors import ParameterError, SolveError
from xbarsim.fast import effective_conductance
from xbarsim.parameters import CrossbarParams

Array = NDArray[np.float64]
Parameter = Literal["r_driver", "r_wire_row", "r_wire_col", "r_sense", "g_scale", "g_offset"]
RESISTANCES: tuple[Parameter, ...] = ("r_driver", "r_wire_row", "r_wire_col", "r_sense")
_STEP = 1e-5
_FLOOR = 1e-3
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """One fitted parameter.

    Attributes:
        name: Name of the parameter.
        value: Best value, in its SI unit (``g_scale`` has none, ``g_offset`` is in S).
        deviation: Standard error.
        low: Lower end of the 95 % interval, simultaneous over all fitted parameters (Bonferroni).
        high: Upper end of it.
    """

    name: str
    value: float
    deviation: float
    low: float
    high: float


@dataclass(frozen=True)
class Calibration:
    """Result of a fit.

    Attributes:
        estimates: Parameters with uncertainties.
        crossbar: The array with the fitted resistances.
        noise: Relative deviation between measured and fitted currents that is left.
        identifiability: What this data can and cannot tell apart.
    """

    estimates: tuple[Estimate, ...]
    crossbar: CrossbarParams
    noise: float
    identifiability: Identifiability


def calibrate(
    measurements: Measurements,
    conductance: ArrayLike,
    start: CrossbarParams,
    *,
    parameters: Sequence[Parameter] = RESISTANCES,
) -> Calibration:
    r"""Fit parameters of the exact model to measured column currents.

    Minimises $\sum (I_{model} - I)^2 / (|I| + 10^{-3} I_{max})^2$: noise in proportion to the
    current, with a floor. Standard errors are $s\sqrt{[(J^TJ)^{-1}]_{kk}}$ with the residual
    variance s^2; the model is exact, so the only approximation is linearity within the interval.

    Args:
        measurements: Inputs [batch, row] in V and column currents [batch, col] in A.
        conductance: Programmed conductances, [row, col]. [S]
        start: Array size and first guess of the resistances (a guess of 0 starts at 1 Ω). [Ω]
        parameters: Which to fit; the others keep their values.

    Returns:
        Estimates with simultaneous 95 % intervals, and what the data identifies.

    Raises:
        ParameterError: If shapes do not fit, a name is unknown, or there is too little data.
        SolveError: If the fit does not converge.
    """
    g = check_conductance(conductance, start)
    v = check_inputs(measurements.v_row, start.rows)
    _check(measurements, v, start, parameters)
    scale = np.array([_first_guess(name, start, g) for name in parameters])
    weight = np.abs(measurements.i_col) + _FLOOR * np.abs(measurements.i_col).max()

    def residual(x: Array) -> Array:
        model = v @ _model(x * scale, parameters, g, start)
        return np.asarray(((model - measurements.i_col) / weight).ravel())

    lower = [-np.inf if name == "g_offset" else 0.0 for name in parameters]
    found = least_squares(
        residual, _start_values(parameters), jac=_jacobian(residual), bounds=(lower, np.inf)
    )
    if not found.success:
        msg = f"the fit did not converge: {found.message}; start from better values"
        raise SolveError(msg)
    return _result(found.x * scale, np.asarray(found.jac) / scale, found.fun, parameters, start)


def _check(
    measurements: Measurements, v: Array, start: CrossbarParams, parameters: Sequence[str]
) -> None:
    if measurements.i_col.shape != (len(v), start.cols):
        msg = f"i_col has shape {measurements.i_col.shape}; expected {(len(v), start.cols)}"
        raise ParameterError(msg)
    unknown = [name for name in parameters if name not in get_args(Parameter)]
    if unknown or len(set(parameters)) != len(parameters) or not parameters:
        msg = f"cannot fit {unknown or list(parameters)}; choose from {', '.join(get_args(Parameter))}"
        raise ParameterError(msg)
    if measurements.i_col.size <= len(parameters):
        msg = f"{measurements.i_col.size} currents cannot determine {len(parameters)} parameters"
        raise ParameterError(msg)


def _first_guess(name: Parameter, start: CrossbarParams, g: Array) -> float:
    if name == "g_scale":
        return 1.0
    if name == "g_offset":
        return float(g.mean()) or 1e-6
    return float(getattr(start, name)) or 1.0


def _start_values(parameters: Sequence[Parameter]) -> Array:
    return np.array([0.0 if name == "g_offset" else 1.0 for name in parameters])


def _model(
    values: Array, parameters: Sequence[Parameter], g: Array, start: CrossbarParams
) -> Array:
    given = dict(zip(parameters, values.tolist(), strict=True))
    g = g * given.pop("g_scale", 1.0) + given.pop("g_offset", 0.0)
    return effective_conductance(np.maximum(g, 0.0), start.replace(**given))


def _jacobian(residual: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """Central differences; parameters are scaled to about 1, so one step suits all."""

    def jacobian(x: Array) -> Array:
        columns = []
        for k in range(len(x)):
            up, down = x.copy(), x.copy()
            up[k] += _STEP
            down[k] = max(down[k] - _STEP, 0.0) if x[k] >= 0 else down[k] - _STEP
            columns.append((residual(up) - residual(down)) / (up[k] - down[k]))
        return np.stack(columns, axis=1)

    return jacobian


def _result(
    values: Array,
    jacobian: Array,
    residual: Array,
    parameters: Sequence[Parameter],
    start: CrossbarParams,
) -> Calibration:
    freedom = residual.size - len(values)
    variance = float(residual @ residual) / freedom
    inverse = np.linalg.pinv(jacobian.T @ jacobian, hermitian=True)
    deviation = np.sqrt(variance * np.diag(inverse))
    quantile = student.ppf(1 - (1 - _CONFIDENCE) / (2 * len(values)), freedom)
    estimates = tuple(
        Estimate(name, value, dev, value - quantile * dev, value + quantile * dev)
        for name, value, dev in zip(parameters, values.tolist(), deviation.tolist(), strict=True)
    )
    fitted = {e.name: max(e.value, 0.0) for e in estimates if e.name in RESISTANCES}
    return Calibration(
        estimates,
        start.replace(**fitted),
        float(np.sqrt(variance)),
        identifiability(list(parameters), values, jacobian),
    )
