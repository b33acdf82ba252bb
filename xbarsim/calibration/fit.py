"""This module is the least-squares fit of an array's parameters to its measured column currents."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import least_squares
from scipy.stats import t as student

from xbarsim.calibration.experiments import advise
from xbarsim.calibration.identify import Identifiability, identifiability, relative_covariance
from xbarsim.calibration.measurements import Measurements
from xbarsim.calibration.model import RESISTANCES, ArrayModel, Parameter, noise_weight
from xbarsim.circuit import check_conductance, check_inputs
from xbarsim.errors import ParameterError, SolveError
from xbarsim.parameters import CellParams, CrossbarParams, SinhCell

Array = NDArray[np.float64]
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """One fitted parameter.

    Attributes:
        name: Name of the parameter.
        value: Best value, in its SI unit (``g_scale`` has none, ``g_offset`` is in S, ``v0`` in V).
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
        cell: The cells, with the fitted v0.
        noise: Relative deviation between measured and fitted currents that is left.
        identifiability: What this data can and cannot tell apart.
    """

    estimates: tuple[Estimate, ...]
    crossbar: CrossbarParams
    cell: CellParams
    noise: float
    identifiability: Identifiability


def calibrate(
    measurements: Measurements,
    conductance: ArrayLike,
    start: CrossbarParams,
    *,
    parameters: Sequence[Parameter] = RESISTANCES,
    cell: CellParams | None = None,
    on_step: Callable[[], None] = lambda: None,
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
        cell: Law of the cells, Ohm's by default; a fitted ``v0`` of sinh cells starts at its value.
        on_step: Called after every solve of the model.

    Returns:
        Estimates with simultaneous 95 % intervals, and what the data identifies.

    Raises:
        ParameterError: If shapes do not fit, a name is unknown, or there is too little data.
        SolveError: If the fit does not converge.
    """
    g = check_conductance(conductance, start)
    v = check_inputs(measurements.v_row, start.rows)
    model = ArrayModel.of(parameters, start, cell)
    _check(measurements, v, model)
    scale, weight = model.scale(g), noise_weight(measurements.i_col)

    def residual(x: Array) -> Array:
        on_step()
        return np.asarray(((model.currents(x * scale, g, v) - measurements.i_col) / weight).ravel())

    def jacobian(x: Array) -> Array:
        return model.sensitivities(x * scale, g, v) * scale

    found = least_squares(
        residual,
        model.first(),
        jac=jacobian,
        bounds=(model.lower(), np.inf),
    )
    if not found.success:
        msg = f"the fit did not converge: {found.message}; start from better values"
        raise SolveError(msg)
    values, slopes = found.x * scale, np.asarray(found.jac) / scale
    sizes, names = model.sizes(values, g), [str(name) for name in parameters]
    estimates, noise = uncertainties(names, values, slopes, found.fun, sizes)
    judged = identifiability(names, sizes, slopes, noise)
    if judged.weak:
        judged = judged.advised(advise(model, values, slopes, noise, g, v))
    fitted = {e.name: max(e.value, 0.0) for e in estimates}
    wires = {name: ohm for name, ohm in fitted.items() if name in RESISTANCES}
    cells = SinhCell(v0=fitted["v0"]) if "v0" in fitted else model.cell
    return Calibration(estimates, start.replace(**wires), cells, noise, judged)


def _check(measurements: Measurements, v: Array, model: ArrayModel) -> None:
    wanted = (len(v), model.start.cols)
    if measurements.i_col.shape != wanted:
        msg = f"i_col has shape {measurements.i_col.shape}; expected {wanted}"
        raise ParameterError(msg)
    if measurements.i_col.size <= len(model.parameters):
        msg = (
            f"{measurements.i_col.size} currents cannot determine {len(model.parameters)} "
            "parameters; measure more vectors"
        )
        raise ParameterError(msg)


def uncertainties(
    names: Sequence[str],
    values: Array,
    jacobian: Array,
    residual: Array,
    sizes: Array | None = None,
) -> tuple[tuple[Estimate, ...], float]:
    """Return estimates with simultaneous 95 % intervals, and the residual deviation.

    Args:
        names: Parameters.
        values: Fitted values.
        jacobian: Derivatives of the weighted residuals, [output, parameter].
        residual: Weighted residuals, [output].
        sizes: What changes are relative to, [parameter]; the values by default.
    """
    freedom = residual.size - len(values)
    variance = float(residual @ residual) / freedom
    size = np.abs(values) if sizes is None else sizes
    deviation = size * np.sqrt(variance * np.diag(relative_covariance(jacobian * size)))
    quantile = student.ppf(1 - (1 - CONFIDENCE) / (2 * len(values)), freedom)
    estimates = tuple(
        Estimate(name, value, dev, value - quantile * dev, value + quantile * dev)
        for name, value, dev in zip(names, values.tolist(), deviation.tolist(), strict=True)
    )
    return estimates, float(np.sqrt(variance))
