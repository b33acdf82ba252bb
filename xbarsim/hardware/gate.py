"""This module is the gate of a network on crossbars: the record that licenses its arrays."""

from dataclasses import dataclass
from pathlib import Path

from xbarsim.errors import OutOfValidatedRangeError
from xbarsim.parameters import CrossbarParams, DeviceParams
from xbarsim.validation import ValidationRecord, find_record, load_record, validate_command

Interval = tuple[float, float]


@dataclass
class Gate:
    """What licenses a model of the arrays of a network.

    Attributes:
        given: A record, its file, or a folder of records; None looks in the usual folders.
        crossbar: Size of a tile and its resistances. [Ω]
        device: Conductance range.
        model: Model of the wires: ``exact``, ``closed_form`` or ``ideal``.
        allow_unvalidated: Whether to go on without evidence, and say so.
    """

    given: ValidationRecord | Path | None
    crossbar: CrossbarParams
    device: DeviceParams
    model: str
    allow_unvalidated: bool

    def open(self) -> None:
        """Refuse arrays that nothing speaks for, before any work.

        Raises:
            OutOfValidatedRangeError: Why, and the command that makes the record.
        """
        if not self.allow_unvalidated:
            self.stamp((self.device.g_min, self.device.g_max))

    def stamp(self, conductance: Interval) -> str:
        """Return the record that covers arrays with these conductances, or ``unvalidated``. [S]

        Raises:
            OutOfValidatedRangeError: If there is none, and going on is not allowed.
        """
        record = self._record()
        if record is None and self.allow_unvalidated:
            return "unvalidated"
        if record is None:
            found = find_record(
                self.crossbar, self.device, conductance=conductance, model=self.model,
                where=self.given if isinstance(self.given, Path) else None,
            )  # fmt: skip
            return found.record.case
        # A record that is handed over is taken to be about these cells and this topology.
        why = record.refusal(
            self.crossbar, conductance, model=self.model, topology=record.setting.topology,
            cell=record.setting.cell,
        )  # fmt: skip
        if why is None:
            return record.case
        if self.allow_unvalidated:
            return "unvalidated"
        command = validate_command(self.crossbar, self.device, conductance=conductance)
        msg = (
            f"{why} (record {record.case!r}). Make a record that covers it:\n    {command}\n"
            "or pass allow_unvalidated=True (--allow-unvalidated), which is stamped on every result"
        )
        raise OutOfValidatedRangeError(msg)

    def _record(self) -> ValidationRecord | None:
        """Return the record that was handed over, as such or as a file."""
        if isinstance(self.given, Path) and not self.given.is_dir():
            self.given = load_record(self.given)
        return self.given if isinstance(self.given, ValidationRecord) else None
