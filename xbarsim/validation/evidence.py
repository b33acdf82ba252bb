"""This module is what a record says about one model and one circuit, as data."""

from typing import Any

import numpy as np

from xbarsim.parameters import CellParams, LinearCell
from xbarsim.parameters.base import Parameters
from xbarsim.validation.case import Setting, ValidationCase
from xbarsim.validation.envelope import Interval
from xbarsim.validation.metrics import CircuitErrors, bootstrap, histogram, summarise
from xbarsim.validation.models import Model, Standing
from xbarsim.validation.slices import Slice, all_slices, scatter


class WorstCase(Parameters):
    """The circuit and the input vector with a model's largest error."""

    name: str
    """Name of the circuit."""
    vector: int
    """Number of the input vector."""
    max_error: float
    """Relative to the circuit's full scale."""


class ModelEvidence(Parameters):
    """How well one model agrees with ngspice, and whether that is enough."""

    name: str
    """Name of the model."""
    standing: Standing
    """What it claims to be for these arrays."""
    parameters: dict[str, float]
    """Fitted numbers."""
    tolerance: float
    """Largest error allowed, relative to the circuit's full scale."""
    passed: bool
    """Whether max_error is within the tolerance and the model always found an answer."""
    verdicts: dict[str, bool]
    """The same for further tolerances."""
    failures: int
    """Circuits for which it found no answer."""
    n_circuits: int
    """Circuits compared."""
    n_outputs: int
    """Column currents compared."""
    errors: dict[str, float]
    """Figures of merit; see ``validation.metrics.summarise``."""
    intervals: dict[str, Interval]
    """Bootstrap 95 % interval of each figure of merit, over circuits."""
    histogram: dict[str, list[Any]]
    """Counts of log10 of the absolute error."""
    slices: tuple[Slice, ...]
    """The errors by size, density and column."""
    scatter: tuple[Interval, ...]
    """Some pairs of reference and model, relative to full scale."""
    worst: WorstCase
    """Its largest error."""


class CircuitEvidence(Parameters):
    """One circuit that was run."""

    name: str
    """Size, kind and number."""
    deck_sha256: str
    """Hash of its deck."""
    max_errors: dict[str, float]
    """Largest error of each model."""


def allowed(case: ValidationCase, standing: Standing, cell: CellParams) -> float:
    """Return the tolerance that a model of this standing is held to."""
    if standing != "exact":
        return case.approximate
    return case.tolerance if isinstance(cell, LinearCell) else case.tolerance_nonlinear


def model_evidence(
    case: ValidationCase,
    setting: Setting,
    model: Model,
    names: list[str],
    found: list[CircuitErrors],
    failures: int,
) -> ModelEvidence:
    """Judge a model by its errors on the named circuits."""
    said = [(name, errors) for name, errors in zip(names, found, strict=True) if errors.error.size]
    circuits = [errors for _, errors in said]
    standing = model.standing(setting.topology, setting.cell)
    figures, tolerance = summarise(circuits), allowed(case, standing, setting.cell)
    steps = sorted({*case.tolerances, tolerance})
    return ModelEvidence(
        name=model.name,
        standing=standing,
        parameters=dict(model.parameters),
        tolerance=tolerance,
        passed=failures == 0 and figures["max_error"] <= tolerance,
        verdicts={f"{t:g}": failures == 0 and figures["max_error"] <= t for t in steps},
        failures=failures,
        n_circuits=len(circuits),
        n_outputs=sum(errors.error.size for errors in circuits),
        errors=figures,
        intervals=bootstrap(circuits, seed=case.seed),
        histogram=histogram(circuits),
        slices=all_slices(circuits),
        scatter=tuple(scatter(circuits, seed=case.seed)),
        worst=max((_worst(*pair) for pair in said), key=lambda item: item.max_error),
    )


def _worst(name: str, errors: CircuitErrors) -> WorstCase:
    largest = np.abs(errors.error).max(axis=1)
    k = int(largest.argmax())
    return WorstCase(name=name, vector=int(errors.vector[k]), max_error=float(largest[k]))
