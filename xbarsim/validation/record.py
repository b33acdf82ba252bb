"""This module is the validation record: the evidence that travels with a fast model, as data."""

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from xbarsim.errors import OutOfValidatedRangeError, ParameterError
from xbarsim.parameters import CrossbarParams
from xbarsim.parameters.base import Parameters
from xbarsim.storage import read_text, write_atomically

SCHEMA_VERSION = 1
Interval = tuple[float, float]


class Envelope(Parameters):
    """Where a record speaks: lowest and highest value that was checked, per quantity."""

    rows: Interval
    """Word lines."""
    cols: Interval
    """Bit lines."""
    r_driver: Interval
    """[Ω]"""
    r_wire_row: Interval
    """[Ω]"""
    r_wire_col: Interval
    """[Ω]"""
    r_sense: Interval
    """[Ω]"""
    conductance: Interval
    """Conductances of single cells. [S]"""
    v_row: Interval
    """Input voltages. [V]"""
    density: Interval
    """Share of driven rows in an input vector."""


class CircuitEvidence(Parameters):
    """One circuit that was run."""

    name: str
    deck_sha256: str
    max_error: float


class ValidationRecord(Parameters):
    """What was compared with ngspice, where, how well it agreed, and whether that is enough."""

    schema_version: int = SCHEMA_VERSION
    """Version of this layout."""
    case: str
    """Name of the case."""
    model: str
    """Name of the fast model."""
    reference: str
    """Simulator, version and matrix solver that the reference currents come from."""
    options: tuple[str, ...]
    """Simulator options in the decks."""
    tolerance: float
    """Largest error allowed, relative to the circuit's full scale."""
    passed: bool
    """Whether max_error is within the tolerance."""
    n_circuits: int
    """Circuits run."""
    n_outputs: int
    """Column currents compared."""
    errors: dict[str, float]
    """Figures of merit; see ``validation.metrics.summarise``."""
    intervals: dict[str, Interval]
    """Bootstrap 95 % interval of each figure of merit, over circuits."""
    ended_by: Literal["plan", "budget"]
    """Whether all planned circuits ran, or the time budget ended the run."""
    histogram: dict[str, list[Any]]
    """Counts of log10 of the absolute error."""
    envelope: Envelope
    """Where the record speaks."""
    worst: CircuitEvidence
    """The circuit with the largest error."""
    circuits: tuple[CircuitEvidence, ...]
    """Every circuit, with the hash of its deck."""
    seeds: tuple[int, ...]
    """Seeds of arrays and inputs."""

    def drift(self, other: "ValidationRecord", *, tolerance: float = 1e-12) -> list[str]:
        """Return what differs from another run of the same case, in words.

        Errors near rounding may differ by ``tolerance`` of full scale; all else must be equal.
        """
        found = []
        for name in type(self).model_fields:
            mine, theirs = getattr(self, name), getattr(other, name)
            if name in ("errors", "intervals", "worst", "circuits", "histogram"):
                continue
            if mine != theirs:
                found.append(f"{name}: {theirs!r} became {mine!r}")
        for name, value in self.errors.items():
            before = other.errors.get(name, float("nan"))
            if not abs(value - before) <= tolerance:
                found.append(f"errors.{name}: {before!r} became {value!r}")
        hashes = {c.name: c.deck_sha256 for c in other.circuits}
        found += [
            f"deck of {c.name} changed"
            for c in self.circuits
            if hashes.get(c.name) != c.deck_sha256
        ]
        return found

    def covers(self, crossbar: CrossbarParams, conductance: Interval | None = None) -> bool:
        """Return whether the record speaks about this crossbar and range of conductances."""
        return self.gap(crossbar, conductance) is None

    def gap(self, crossbar: CrossbarParams, conductance: Interval | None = None) -> str | None:
        """Return what the record does not cover, in words, or None."""
        values: dict[str, Interval] = {
            name: (getattr(crossbar, name),) * 2
            for name in ("rows", "cols", "r_driver", "r_wire_row", "r_wire_col", "r_sense")
        }
        if conductance is not None:
            values["conductance"] = conductance
        for name, (low, high) in values.items():
            covered = getattr(self.envelope, name)
            if low < covered[0] or high > covered[1]:
                unit = {"rows": "", "cols": "", "conductance": " S"}.get(name, " Ω")
                value = f"{low:g}{unit}" if low == high else f"{low:g} to {high:g}{unit}"
                return f"{name} is {value}; covered: {covered[0]:g} to {covered[1]:g}{unit}"
        return None

    def require(self, crossbar: CrossbarParams, conductance: Interval | None = None) -> None:
        """Refuse unless the record passed and covers what is asked.

        Raises:
            OutOfValidatedRangeError: Naming the quantity, its value, the interval and the remedy.
        """
        if not self.passed:
            msg = (
                f"record {self.case!r} did not pass: error {self.errors['max_error']:.1e}, "
                f"allowed {self.tolerance:.0e}; nothing may be built on it"
            )
            raise OutOfValidatedRangeError(msg)
        gap = self.gap(crossbar, conductance)
        if gap is not None:
            msg = (
                f"{gap} (record {self.case!r}). Validate there with `xbarsim validate CASE.toml`, "
                "or pass allow_unvalidated=True, which is stamped on every result"
            )
            raise OutOfValidatedRangeError(msg)

    def save(self, path: Path) -> None:
        """Write the record as JSON with sorted keys, whole or not at all."""
        text = json.dumps(self.model_dump(mode="json"), indent=1, sort_keys=True)
        write_atomically(path, text + "\n")


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
            msg = f"{path} has schema version {version!r}, this xbarsim reads {SCHEMA_VERSION}"
            raise ParameterError(msg)
        return ValidationRecord.model_validate_json(json.dumps(data))
    except (json.JSONDecodeError, ValidationError) as error:
        msg = f"{path} is not a validation record: {error}"
        raise ParameterError(msg) from None
