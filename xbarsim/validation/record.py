"""This module is the validation record: the evidence that travels with a fast model, as data."""

import json
import math
import re
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from xbarsim.errors import OutOfValidatedRangeError, ParameterError
from xbarsim.parameters import CellParams, CrossbarParams, LinearCell, TopologyParams
from xbarsim.parameters.base import Parameters
from xbarsim.storage import read_text, write_atomically
from xbarsim.validation.case import Setting, ValidationCase
from xbarsim.validation.envelope import Envelope, Interval
from xbarsim.validation.evidence import CircuitEvidence, ModelEvidence

SCHEMA_VERSION = 2
EndedBy = Literal["plan", "precision", "budget"]


class RunProvenance(Parameters):
    """What is not compared when a record is checked: it differs from run to run."""

    versions: dict[str, str]
    """Of xbarsim, Python and the libraries that compute."""
    seconds: dict[str, float]
    """Wall time of ngspice (its own runs added up) and of every model. [s]"""
    finished: str
    """Date and time in UTC, ISO 8601."""


class ValidationRecord(Parameters):
    """What was compared with ngspice, where, how well it agreed, and whether that is enough."""

    schema_version: int = SCHEMA_VERSION
    """Version of this layout."""
    case: str
    """Name of the case."""
    question: ValidationCase
    """The case itself."""
    setting: Setting
    """Device, wires, topology and cells."""
    reference: str
    """Simulator, version and matrix solver that the reference currents come from."""
    options: tuple[str, ...]
    """Simulator options in the decks."""
    passed: bool
    """Whether all models that claim to be exact are, and at least one model may be trusted."""
    n_circuits: int
    """Circuits judged."""
    n_outputs: int
    """Column currents that ngspice gave for them."""
    n_training: int
    """Further circuits, that models were fitted on."""
    ended_by: EndedBy
    """Whether all planned circuits ran, the intervals were narrow enough, or the time was over."""
    models: tuple[ModelEvidence, ...]
    """The evidence for each model."""
    envelope: Envelope
    """Where the record speaks."""
    circuits: tuple[CircuitEvidence, ...]
    """Every circuit that was judged, with the hash of its deck."""
    training: tuple[CircuitEvidence, ...]
    """Every circuit that models were fitted on."""
    seeds: tuple[int, ...]
    """Seeds of arrays and inputs."""
    network_sha256: str = ""
    """Hash of the checkpoint whose tiles were judged, empty when there was none."""
    provenance: RunProvenance
    """Versions and times, not compared."""

    @property
    def primary(self) -> ModelEvidence:
        """The model that the verdict is about: one that claims to be exact, else the most exact."""
        claims = [m for m in self.models if m.standing == "exact"]
        others = [m for m in self.models if m.standing == "approximate"]
        return min(claims or others or self.models, key=lambda m: m.errors["max_error"])

    @property
    def errors(self) -> dict[str, float]:
        """Figures of merit of the primary model."""
        return self.primary.errors

    @property
    def tolerance(self) -> float:
        """Largest error allowed to the primary model."""
        return self.primary.tolerance

    def evidence(self, model: str) -> ModelEvidence | None:
        """Return the evidence for a model, None when it was not judged."""
        return next((m for m in self.models if m.name == model), None)

    def covers(self, crossbar: CrossbarParams, conductance: Interval | None = None) -> bool:
        """Return whether the record speaks about this crossbar and range of conductances."""
        return self.gap(crossbar, conductance) is None

    def gap(self, crossbar: CrossbarParams, conductance: Interval | None = None) -> str | None:
        """Return what the record does not cover, in words, or None."""
        return self.envelope.gap(crossbar, conductance)

    def refusal(
        self,
        crossbar: CrossbarParams,
        conductance: Interval | None = None,
        *,
        model: str = "exact",
        topology: TopologyParams | None = None,
        cell: CellParams | None = None,
        v_read: float | None = None,
    ) -> str | None:
        """Return why a model may not be used there, naming quantity, value and interval, or None.

        ``v_read`` is asked of nonlinear cells only, which no other voltage speaks for.
        """
        found = self.evidence(model)
        for name, asked, judged in (
            ("topology", topology or TopologyParams(), self.setting.topology),
            ("cell", cell or LinearCell(), self.setting.cell),
        ):
            if asked != judged:
                return f"{name} is {_words(asked)}; covered: {_words(judged)}"
        own = self.setting.device.v_read
        if v_read is not None and not math.isclose(v_read, own, rel_tol=1e-9):
            return f"v_read is {v_read:g} V; covered: {own:g} to {own:g} V"
        if found is None:
            judged_names = ", ".join(m.name for m in self.models)
            return f"model {model!r} was not judged, only {judged_names}"
        if not found.passed:
            error = found.errors["max_error"]
            return f"model {model!r} did not pass: error {error:.1e}, allowed {found.tolerance:.0e}"
        return self.gap(crossbar, conductance)

    def require(
        self,
        crossbar: CrossbarParams,
        conductance: Interval | None = None,
        *,
        model: str = "exact",
        topology: TopologyParams | None = None,
        cell: CellParams | None = None,
        v_read: float | None = None,
    ) -> None:
        """Refuse unless the model passed and the record covers what is asked.

        Raises:
            OutOfValidatedRangeError: Naming the quantity, its value, the interval and the remedy.
        """
        why = self.refusal(
            crossbar, conductance, model=model, topology=topology, cell=cell, v_read=v_read
        )
        if why is not None:
            msg = (
                f"{why} (record {self.case!r}). Validate there with `xbarsim validate CASE.toml`, "
                "or pass allow_unvalidated=True, which is stamped on every result"
            )
            raise OutOfValidatedRangeError(msg)

    def save(self, path: Path) -> None:
        """Write the record as JSON with sorted keys, whole or not at all."""
        text = json.dumps(self.model_dump(mode="json"), indent=1, sort_keys=True)
        write_atomically(path, _compact(text) + "\n")


def load_record(path: Path) -> ValidationRecord:
    """Read a record.

    Raises:
        ParameterError: If the file is not a record of this schema version.
        StorageError: If it cannot be read.
    """
    try:
        data = json.loads(read_text(path))
        version = data.get("schema_version") if isinstance(data, dict) else None
        if version != SCHEMA_VERSION:
            msg = (
                f"{path} has schema version {version!r}, this xbarsim reads {SCHEMA_VERSION}; run "
                "its case again with `xbarsim validate`"
            )
            raise ParameterError(msg)
        return ValidationRecord.model_validate_json(json.dumps(data))
    except (json.JSONDecodeError, ValidationError) as error:
        msg = f"{path} is not a validation record: {error}"
        raise ParameterError(msg) from None


def _compact(text: str) -> str:
    """Put lists of plain numbers and words on one line each."""
    return re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda m: "[" + " ".join(m[1].split()) + "]", text)


def _words(value: TopologyParams | CellParams) -> str:
    # A topology's defaults are the plain array; a cell's are numbers of its own.
    plain = isinstance(value, TopologyParams)
    fields = value.model_dump(mode="json", exclude_defaults=plain)
    kind = f"{getattr(value, 'kind', 'the plain array')} "
    return (kind + ", ".join(f"{k}={v}" for k, v in fields.items() if k != "kind")).strip()
