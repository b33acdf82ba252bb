"""This module is the licence of a network on crossbars: the record that covers its arrays."""

from pathlib import Path

from xbarsim.errors import OutOfValidatedRangeError
from xbarsim.parameters import CrossbarParams, DeviceParams
from xbarsim.validation import ValidationRecord, find_record, load_record, validate_command


def find_licence(
    record: ValidationRecord | Path | None,
    crossbar: CrossbarParams,
    device: DeviceParams,
    *,
    allow_unvalidated: bool,
) -> ValidationRecord | None:
    """Return the record to build on: the given one, else the first that covers the arrays.

    Args:
        record: A record, its file, or a folder of records; None looks in the usual folders.
        crossbar: Size of a tile and its resistances. [Ω]
        device: Conductance range.
        allow_unvalidated: Take the record as it is, and none when none is given.

    Raises:
        OutOfValidatedRangeError: If nothing covers the arrays; it says the command to run.
    """
    if isinstance(record, Path) and record.is_file():
        record = load_record(record)
    if isinstance(record, ValidationRecord):
        if not allow_unvalidated:
            require(record, crossbar, device)
        return record
    if allow_unvalidated:
        return None
    return find_record(crossbar, device, where=record).record


def require(
    record: ValidationRecord,
    crossbar: CrossbarParams,
    device: DeviceParams,
    conductance: tuple[float, float] | None = None,
) -> None:
    """Refuse unless the record covers the arrays, taking cells and topology to be its own.

    Raises:
        OutOfValidatedRangeError: Naming the quantity, its value, the interval, and the command.
    """
    why = _refusal(record, crossbar, conductance)
    if why is not None:
        command = validate_command(crossbar, device, conductance=conductance)
        msg = (
            f"{why} (record {record.case!r}). Make a record that covers it:\n    {command}\n"
            "or pass allow_unvalidated=True (--allow-unvalidated), which is stamped on every result"
        )
        raise OutOfValidatedRangeError(msg)


def layer_licence(
    given: ValidationRecord | Path | None,
    found: ValidationRecord | None,
    crossbar: CrossbarParams,
    device: DeviceParams,
    conductance: tuple[float, float],
    *,
    allow_unvalidated: bool,
) -> str:
    """Return the record that covers a layer as it was programmed, or ``unvalidated``.

    Args:
        given: What ``find_licence`` was given.
        found: What it found.
        crossbar: Size of a tile and its resistances. [Ω]
        device: Conductance range.
        conductance: Lowest and highest programmed conductance. [S]
        allow_unvalidated: Say ``unvalidated`` instead of refusing.

    Raises:
        OutOfValidatedRangeError: If nothing covers the layer.
    """
    if found is None:
        return "unvalidated"
    if _refusal(found, crossbar, conductance) is None:
        return found.case
    if allow_unvalidated:
        return "unvalidated"
    if given is None:
        return find_record(crossbar, device, conductance=conductance).record.case
    require(found, crossbar, device, conductance)
    return found.case


def _refusal(
    record: ValidationRecord, crossbar: CrossbarParams, conductance: tuple[float, float] | None
) -> str | None:
    return record.refusal(
        crossbar, conductance, topology=record.setting.topology, cell=record.setting.cell
    )
