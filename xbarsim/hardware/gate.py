"""This module is the gate of a network on crossbars: the record that licenses its arrays."""

from dataclasses import dataclass
from pathlib import Path

from xbarsim.errors import OutOfValidatedRangeError
from xbarsim.hardware.reading import ReadParams
from xbarsim.parameters import (
    CellParams,
    CrossbarParams,
    DeviceParams,
    LinearCell,
    TopologyParams,
)
from xbarsim.validation import ValidationRecord, find_record, load_record, validate_command

Interval = tuple[float, float]


@dataclass
class Gate:
    """What licenses a model of the arrays of a network.

    Attributes:
        given: A record, its file, or a folder of records; None looks in the usual folders.
        crossbar: Size of a tile and its resistances. [Ω]
        device: Conductance range.
        reading: Model of the wires and cells, what silent rows are for it, and with nonlinear cells
            the voltage of a spike.
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
                topology=self._topology(), cell=self._cell(), v_read=self._v_read(),
                where=self.given if isinstance(self.given, Path) else None,
            )  # fmt: skip
            return found.record.case
        # A record that is handed over is taken to be about these cells and this topology where one
        # matrix of linear cells serves every pattern; fitted models must name theirs.
        why = record.refusal(
            self.crossbar, conductance, model=self.reading.ir_drop,
            topology=self._topology() or record.setting.topology,
            cell=self._cell() or record.setting.cell, v_read=self._v_read(),
        )  # fmt: skip
        if why is None:
            return record.case
        if self.allow_unvalidated:
            return "unvalidated"
        v_read = self._v_read()
        command = validate_command(
            self.crossbar, self.device if v_read is None else self.device.replace(v_read=v_read),
            conductance=conductance, topology=self._topology(), cell=self._cell(),
        )  # fmt: skip
        msg = (
            f"{why} (record {record.case!r}). Make a record that covers it:\n    {command}\n"
            "or pass allow_unvalidated=True (--allow-unvalidated), which is stamped on every result"
        )
        raise OutOfValidatedRangeError(msg)

    def _topology(self) -> TopologyParams | None:
        """Return what silent rows are, where the model is fitted to them."""
        if self.reading.ir_drop == "nonlinear_static":
            return TopologyParams()
        if self.reading.ir_drop != "activity":
            return None
        return TopologyParams(silent=self.reading.silent_rows)

    def _cell(self) -> CellParams | None:
        """Return the law of the cells, where the model is fitted to it."""
        if self.reading.ir_drop not in ("activity", "nonlinear_static"):
            return None
        return self.reading.nonlinear_cell or LinearCell()

    def _v_read(self) -> float | None:
        """Return the voltage of a spike, where cells are nonlinear. [V]"""
        return None if self.reading.nonlinear_cell is None else self.reading.v_read

    def _record(self) -> ValidationRecord | None:
        """Return the record that was handed over, as such or as a file."""
        if isinstance(self.given, Path) and not self.given.is_dir():
            self.given = load_record(self.given)
        return self.given if isinstance(self.given, ValidationRecord) else None
