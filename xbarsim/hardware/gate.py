"""This module is the gate of a network on crossbars: the record that licenses its arrays."""

from dataclasses import dataclass
from pathlib import Path

from xbarsim.errors import OutOfValidatedRangeError
from xbarsim.hardware.reading import ReadParams
from xbarsim.parameters import CrossbarParams, DeviceParams, TopologyParams
from xbarsim.validation import ValidationRecord, find_record, load_record, validate_command

Interval = tuple[float, float]


@dataclass
class Gate:
    """What licenses a model of the arrays of a network.

    Attributes:
        given: A record, its file, or a folder of records; None looks in the usual folders.
        crossbar: Size of a tile and its resistances. [Ω]
        device: Conductance range.
        reading: Model of the wires, and what silent rows are for it.
        allow_unvalidated: Whether to go on without evidence, and say so.
    """

    given: ValidationRecord | Path | None
    crossbar: CrossbarParams
    device: DeviceParams
    reading: ReadParams
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
                self.crossbar, self.device, conductance=conductance, model=self.reading.ir_drop,
                topology=self._topology(), where=self.given if isinstance(self.given, Path) else None,
            )  # fmt: skip
            return found.record.case
        # A record that is handed over is taken to be about these cells and, where one matrix serves
        # every pattern, about this topology.
        why = record.refusal(
            self.crossbar, conductance, model=self.reading.ir_drop,
            topology=self._topology() or record.setting.topology, cell=record.setting.cell,
        )  # fmt: skip
        if why is None:
            return record.case
        if self.allow_unvalidated:
            return "unvalidated"
        command = validate_command(
            self.crossbar, self.device, conductance=conductance, topology=self._topology()
        )
        msg = (
            f"{why} (record {record.case!r}). Make a record that covers it:\n    {command}\n"
            "or pass allow_unvalidated=True (--allow-unvalidated), which is stamped on every result"
        )
        raise OutOfValidatedRangeError(msg)

    def _topology(self) -> TopologyParams | None:
        """Return what silent rows are, where the model follows them."""
        if self.reading.ir_drop != "activity":
            return None
        return TopologyParams(silent=self.reading.silent_rows)

    def _record(self) -> ValidationRecord | None:
        """Return the record that was handed over, as such or as a file."""
        if isinstance(self.given, Path) and not self.given.is_dir():
            self.given = load_record(self.given)
        return self.given if isinstance(self.given, ValidationRecord) else None
