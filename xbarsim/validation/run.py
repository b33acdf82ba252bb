"""This module is the validation itself: real ngspice against the fast models, circuit by circuit."""

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xbarsim.campaign import ResultStore
from xbarsim.errors import ParameterError, SolveError
from xbarsim.fast import ideal_currents
from xbarsim.reference import Distrust, ReferenceCurrents
from xbarsim.validation.case import Setting, ValidationCase
from xbarsim.validation.circuits import TestCircuit, draw_circuits, training_circuits
from xbarsim.validation.envelope import envelope_of
from xbarsim.validation.evidence import CircuitEvidence, allowed, model_evidence
from xbarsim.validation.load import load_case
from xbarsim.validation.metrics import CircuitErrors, circuit_errors, p99_interval
from xbarsim.validation.models import Model, Sample, chosen_models
from xbarsim.validation.provenance import versions_now
from xbarsim.validation.record import EndedBy, RunProvenance, ValidationRecord
from xbarsim.validation.references import run_ahead
from xbarsim.validation.tiles import network_tiles

Array = NDArray[np.float64]
Predictions = Mapping[str, Array]
Observer = Callable[[TestCircuit, ReferenceCurrents, Predictions], None]

_FEWEST = 6


@dataclass
class _Run:
    """What was found so far."""

    case: ValidationCase
    setting: Setting
    models: tuple[Model, ...]
    start: float = field(default_factory=time.monotonic)
    circuits: list[TestCircuit] = field(default_factory=list)
    references: list[ReferenceCurrents] = field(default_factory=list)
    evidence: list[CircuitEvidence] = field(default_factory=list)
    errors: dict[str, list[CircuitErrors]] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    distrust: Distrust | None = None

    def judge(self, circuit: TestCircuit, reference: ReferenceCurrents) -> Predictions:
        """Ask every model about a circuit and keep its errors."""
        if self.distrust is not None:
            self.distrust.look(
                circuit.name, circuit.conductance, circuit.v_row, reference.i_col, circuit.crossbar,
                circuit.topology, circuit.cell,
            )  # fmt: skip
        ideal = ideal_currents(circuit.conductance, circuit.v_row)
        if not self.circuits:
            self._warm_up(circuit)
        predictions = {model.name: self._ask(model, circuit) for model in self.models}
        largest = {}
        for name, currents in predictions.items():
            found = circuit_errors(
                currents, reference.i_col, ideal, density=circuit.densities, size=circuit.size
            )
            self.errors.setdefault(name, []).append(found)
            if found.error.size:
                largest[name] = float(np.abs(found.error).max())
        self.circuits.append(circuit)
        self.references.append(reference)
        self.evidence.append(_circuit_evidence(circuit, reference, largest))
        self._spend("ngspice", reference.provenance.seconds)
        return predictions

    def _warm_up(self, circuit: TestCircuit) -> None:
        """Let every model compile and load what it needs, so that times compare."""
        for model in self.models:
            with contextlib.suppress(SolveError):
                model.predict(circuit, circuit.v_row)

    def _ask(self, model: Model, circuit: TestCircuit) -> Array:
        began = time.perf_counter()
        try:
            return model.predict(circuit, circuit.v_row)
        except SolveError:
            self.failures[model.name] = self.failures.get(model.name, 0) + 1
            return np.full((len(circuit.v_row), circuit.crossbar.cols), np.nan)
        finally:
            self._spend(model.name, time.perf_counter() - began)

    def _spend(self, name: str, seconds: float) -> None:
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds

    def ended(self, per_round: int, given: int) -> EndedBy | None:
        """Return why to stop now, or None; precision is looked at after whole rounds."""
        done = len(self.circuits)
        if self.case.budget is not None and time.monotonic() - self.start > self.case.budget:
            return "budget"
        rounds, rest = divmod(done - given, per_round)
        if self.case.precision is None or rest or rounds < 1 or done < _FEWEST:
            return None
        return "precision" if all(self._narrow(m) for m in self.models) else None

    def _narrow(self, model: Model) -> bool:
        circuits = [errors for errors in self.errors[model.name] if errors.error.size]
        if not circuits:
            return False
        low, high = p99_interval(circuits, seed=self.case.seed)
        standing = model.standing(self.setting.topology, self.setting.cell)
        scale = max(high, allowed(self.case, standing, self.setting.cell))
        return high - low <= (self.case.precision or 0.0) * scale


def validate(
    case: str | Path | ValidationCase,
    *,
    given: Mapping[str, Array] | None = None,
    on_circuit: Observer | None = None,
    store: ResultStore | None = None,
    again: ValidationRecord | None = None,
    paranoid: float | None = None,
) -> ValidationRecord:
    """Run a case's circuits in ngspice, fit the models that have parameters, and judge them all.

    Args:
        case: A case, or the path of its TOML file, or of a device file, or a preset's name.
        given: Further conductances by name, [row, col] each. [S]
        on_circuit: Called with each circuit, its reference and every model's currents [batch, col].
        store: Where ngspice's results are kept, so that a run that was killed goes on.
        again: A record of the same case: run exactly the circuits that it ran.
        paranoid: Share of the circuits on which ngspice itself is checked by the nodal solve.

    Returns:
        The record; ``record.passed`` says whether the evidence is good enough to build on.

    Raises:
        ParameterError: If the case names a model or a network that cannot be used.
        SpiceError: If ngspice is missing or its answer cannot be trusted.
        SolveError: If ngspice and the nodal solve disagree.
    """
    distrust = None if paranoid is None else Distrust(paranoid)
    case = case if isinstance(case, ValidationCase) else load_case(case)
    setting = case.resolved()
    tiles, network_hash = network_tiles(case, setting)
    tiles |= dict(given or {})
    models = chosen_models(case.models, setting.topology, setting.cell)
    training = _training(case, setting, models, store)
    samples = [Sample(circuit, found.i_col) for circuit, found in training]
    fitted = tuple(m.fit(samples) if m.needs_training(setting.cell) else m for m in models)
    run = _Run(case, setting, fitted, distrust=distrust)
    ended_by: EndedBy = "plan"
    pairs = run_ahead(draw_circuits(case, setting, tiles), store)
    for circuit, reference in pairs:
        predictions = run.judge(circuit, reference)
        if on_circuit is not None:
            on_circuit(circuit, reference, predictions)
        stop = run.ended(len(case.sizes), len(tiles)) if again is None else None
        if again is not None and len(run.circuits) == again.n_circuits:
            stop = again.ended_by
        if stop is not None:
            ended_by = stop
            break
    pairs.close()
    return _record(run, training, ended_by, network_hash)


def _training(
    case: ValidationCase, setting: Setting, models: tuple[Model, ...], store: ResultStore | None
) -> list[tuple[TestCircuit, ReferenceCurrents]]:
    """Run the training circuits, when a model wants them."""
    if not any(model.needs_training(setting.cell) for model in models):
        return []
    return list(run_ahead(training_circuits(case, setting), store))


def _circuit_evidence(
    circuit: TestCircuit, reference: ReferenceCurrents, largest: dict[str, float]
) -> CircuitEvidence:
    return CircuitEvidence(
        name=circuit.name, deck_sha256=reference.provenance.deck_sha256, max_errors=largest
    )


def _record(
    run: _Run,
    training: list[tuple[TestCircuit, ReferenceCurrents]],
    ended_by: EndedBy,
    network_hash: str,
) -> ValidationRecord:
    case, setting = run.case, run.setting
    if not run.circuits:
        msg = f"case {case.name!r} has no circuit to run"
        raise ParameterError(msg)
    names = [circuit.name for circuit in run.circuits]
    judged = tuple(
        model_evidence(
            case, setting, model, names, run.errors[model.name], run.failures.get(model.name, 0),
        )
        for model in run.models
    )  # fmt: skip
    exact = all(m.passed for m in judged if m.standing == "exact")
    trusted = any(m.passed for m in judged if m.standing != "baseline")
    first = run.references[0].provenance
    return ValidationRecord(
        case=case.name,
        question=case,
        setting=setting,
        reference=first.solver,
        options=first.options,
        passed=exact and trusted,
        n_circuits=len(run.circuits),
        n_outputs=sum(found.i_col.size for found in run.references),
        n_training=len(training),
        ended_by=ended_by,
        models=judged,
        envelope=envelope_of(run.circuits),
        circuits=tuple(run.evidence),
        training=tuple(_circuit_evidence(circuit, found, {}) for circuit, found in training),
        seeds=(case.seed,),
        network_sha256=network_hash,
        provenance=RunProvenance(
            versions=versions_now(), seconds=run.seconds, finished=time.strftime(
                "%Y-%m-%dT%H:%M:%SZ", time.gmtime()
            ),
        ),
    )  # fmt: skip
