"""This module is the validation itself: real ngspice against the fast model, circuit by circuit."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xbarsim.fast import effective_conductance, ideal_currents
from xbarsim.reference import ReferenceCurrents
from xbarsim.spice import spice_currents
from xbarsim.validation.case import ValidationCase, load_case
from xbarsim.validation.circuits import TestCircuit, draw_circuits
from xbarsim.validation.metrics import (
    CircuitErrors,
    bootstrap,
    circuit_errors,
    histogram,
    summarise,
)
from xbarsim.validation.record import CircuitEvidence, Envelope, ValidationRecord

Array = NDArray[np.float64]
Observer = Callable[[TestCircuit, ReferenceCurrents, Array], None]


def validate(
    case: str | Path | ValidationCase,
    *,
    given: Mapping[str, Array] | None = None,
    on_circuit: Observer | None = None,
) -> ValidationRecord:
    """Run every circuit of a case in ngspice and judge the exact model by it.

    Args:
        case: A case, or the path of its TOML file.
        given: Further conductances by name, [row, col] each; a network's own tiles. [S]
        on_circuit: Called with each circuit, its reference and the model's currents.

    Returns:
        The record; ``record.passed`` says whether the tolerance was kept everywhere.

    Raises:
        SpiceError: If ngspice is missing or its answer cannot be trusted.
    """
    case = case if isinstance(case, ValidationCase) else load_case(case)
    circuits: list[TestCircuit] = []
    errors: list[CircuitErrors] = []
    evidence: list[CircuitEvidence] = []
    references: list[ReferenceCurrents] = []
    start = time.monotonic()
    ended_by: Literal["plan", "budget"] = "plan"
    for circuit in draw_circuits(case, given):
        if circuits and case.budget is not None and time.monotonic() - start > case.budget:
            ended_by = "budget"
            break
        reference = spice_currents(circuit.conductance, circuit.v_row, circuit.crossbar)
        model = circuit.v_row @ effective_conductance(circuit.conductance, circuit.crossbar)
        ideal = ideal_currents(circuit.conductance, circuit.v_row)
        found = circuit_errors(model, reference.i_col, ideal)
        circuits.append(circuit)
        references.append(reference)
        errors.append(found)
        worst = float(np.abs(found.error).max())
        evidence.append(
            CircuitEvidence(
                name=circuit.name, deck_sha256=reference.provenance.deck_sha256, max_error=worst
            )
        )
        if on_circuit is not None:
            on_circuit(circuit, reference, model)
    return _record(case, circuits, references, errors, evidence, ended_by)


def _record(
    case: ValidationCase,
    circuits: list[TestCircuit],
    references: list[ReferenceCurrents],
    errors: list[CircuitErrors],
    evidence: list[CircuitEvidence],
    ended_by: Literal["plan", "budget"],
) -> ValidationRecord:
    figures = summarise(errors)
    return ValidationRecord(
        case=case.name,
        model="exact",
        reference=references[0].provenance.solver,
        options=references[0].provenance.options,
        tolerance=case.tolerance,
        passed=figures["max_error"] <= case.tolerance,
        n_circuits=len(circuits),
        n_outputs=sum(found.error.size for found in errors),
        errors=figures,
        intervals=bootstrap(errors, seed=case.seed),
        ended_by=ended_by,
        histogram=histogram(errors),
        envelope=_envelope(circuits),
        worst=max(evidence, key=lambda item: item.max_error),
        circuits=tuple(evidence),
        seeds=(case.seed,),
    )


def _envelope(circuits: list[TestCircuit]) -> Envelope:
    def span(values: list[float]) -> tuple[float, float]:
        return min(values), max(values)

    wires = {
        name: span([float(getattr(c.crossbar, name)) for c in circuits])
        for name in ("rows", "cols", "r_driver", "r_wire_row", "r_wire_col", "r_sense")
    }
    return Envelope(
        **wires,
        conductance=span([f(c.conductance) for c in circuits for f in (np.min, np.max)]),
        v_row=span([f(c.v_row) for c in circuits for f in (np.min, np.max)]),
        density=span([share for c in circuits for share in c.density]),
    )
