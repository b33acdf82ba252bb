"""This module is the next measurement: which one would tell most about what is still vague?

Every candidate is computed with the fitted model: its sensitivities are added to those of the data,
and the standard errors that both together would give are compared.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbarsim.calibration.identify import relative_covariance
from xbarsim.calibration.model import ArrayModel

Array = NDArray[np.float64]

_MOST_VECTORS = 24
_WORTH = 0.8
_USELESS = 1.0


@dataclass(frozen=True)
class Experiment:
    """A measurement that could be made: words, cells [row, col] in S, inputs [batch, row] in V."""

    words: str
    conductance: Array
    v_row: Array


def candidates(model: ArrayModel, conductance: Array, v_row: Array) -> list[Experiment]:
    """Return measurements that a lab can make with the same array and the same range of cells."""
    low, high = float(conductance.min()), float(conductance.max())
    some = v_row[:_MOST_VECTORS]
    peak = float(np.abs(v_row).max())
    rows = model.start.rows
    every = max(1, rows // _MOST_VECTORS)
    found = [
        Experiment("drive single rows, one at a time", conductance, peak * np.eye(rows)[::every]),
        Experiment("the same inputs with all cells at their lowest", 0 * conductance + low, some),
        Experiment("the same inputs with all cells at their highest", 0 * conductance + high, some),
    ]
    for words, chosen in (
        ("the column next to the drivers", np.s_[:, 0]),
        ("the column furthest from the drivers", np.s_[:, -1]),
        ("the row furthest from the sense resistors", np.s_[0]),
        ("the row next to the sense resistors", np.s_[-1]),
    ):
        cells = 0 * conductance + low
        cells[chosen] = high
        found.append(Experiment(f"the same inputs with only {words} at its highest", cells, some))
    if "v0" in model.parameters:
        found.append(Experiment("the same cells at twice the voltage", conductance, 2 * some))
    return found


def advise(
    model: ArrayModel, values: Array, jacobian: Array, noise: float, g: Array, v_row: Array
) -> str:
    """Return in words which further measurement helps the least known parameter most, and how far.

    Args:
        model: The array and what is fitted.
        values: Fitted values.
        jacobian: Weighted sensitivities of the data, [output, parameter].
        noise: Relative noise that the fit left.
        g: Programmed conductances, [row, col]. [S]
        v_row: Inputs of the data, [batch, row]. [V]
    """
    size = model.sizes(values, g)
    known = jacobian * size
    before = _errors(known, noise)
    tried = []
    for experiment in candidates(model, g, v_row):
        more = model.sensitivities(values, experiment.conductance, experiment.v_row) * size
        tried.append((_errors(np.concatenate([known, more]), noise), experiment))
    after, best = min(tried, key=lambda item: float(item[0].max()))
    if after.max() > min(_WORTH * before.max(), _USELESS):
        worst = model.parameters[int(after.argmax())]
        return (
            f"the best of {len(tried)} further measurements of column currents would leave the "
            f"standard error of {worst} at {_percent(float(after.max()))}: measure {worst} on its own "
            "and leave it out of the fit, or take more and less noisy data"
        )
    k = int(before.argmax())
    return (
        f"{best.words}: the standard error of {model.parameters[k]} would fall from "
        f"{_percent(before[k])} to {_percent(after[k])}"
    )


def _percent(share: float) -> str:
    return "more than 1000 %" if share > 10 else f"{share:.2%}"


def _errors(relative: Array, noise: float) -> Array:
    """Return relative standard errors under relative noise, [parameter]."""
    return np.asarray(max(noise, 1e-12) * np.sqrt(np.diag(relative_covariance(relative))))
