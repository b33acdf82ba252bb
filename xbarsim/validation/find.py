"""This module is the gate: it looks for a record that licenses what is asked, and names it."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from xbarsim.errors import OutOfValidatedRangeError, ParameterError, StorageError
from xbarsim.parameters import (
    CellParams,
    CrossbarParams,
    DeviceParams,
    TopologyParams,
    load_cell,
    load_crossbar,
    load_device,
    load_topology,
    preset_names,
)
from xbarsim.validation.case import WIRES
from xbarsim.validation.envelope import Interval
from xbarsim.validation.load import load_case
from xbarsim.validation.record import ValidationRecord, load_record

LOCAL_RECORDS = Path("validation/records")
"""Where ``xbarsim validate`` leaves records, and where they are looked for first."""

_FALLBACK = "bhattacharjee2022"
_MARGIN = 1.5
_DEVICE_NUMBERS = ("g_min", "g_max", "v_read")


@dataclass(frozen=True)
class FoundRecord:
    """A record that covers what was asked.

    Attributes:
        record: The record.
        path: Its file.
    """

    record: ValidationRecord
    path: Path


def record_folders() -> list[Path]:
    """Return the folders that are searched, in order: the user's own, then those of the presets."""
    shipped = Path(str(resources.files("xbarsim.validation"))) / "records"
    checkout = Path(str(resources.files("xbarsim"))).parent / LOCAL_RECORDS
    return [LOCAL_RECORDS, shipped if shipped.is_dir() else checkout]


def find_record(
    crossbar: CrossbarParams,
    device: DeviceParams,
    *,
    where: Path | None = None,
    source: str | None = None,
    conductance: Interval | None = None,
    model: str = "exact",
    topology: TopologyParams | None = None,
    cell: CellParams | None = None,
    v_read: float | None = None,
) -> FoundRecord:
    """Return a record by which ``model`` may be used for these arrays.

    Args:
        crossbar: Size and resistances of a tile. [Ω]
        device: Range that conductances are programmed in.
        where: A record, or a folder of records, to use instead of ``record_folders``.
        source: Preset or file that the device comes from, for the command in a refusal.
        conductance: Lowest and highest conductance; by default the device's range. [S]
        model: Name of the model.
        topology: Ends, silent rows, leads; the plain array by default.
        cell: Law of the cells; Ohm's by default.
        v_read: Voltage of a spike, for nonlinear cells. [V]

    Raises:
        OutOfValidatedRangeError: If none covers them: why each does not, and the command to run.
        ParameterError: If ``where`` is no record.
        StorageError: If ``where`` cannot be read.
    """
    span = conductance or (device.g_min, device.g_max)
    reasons = []
    for path in _candidates(where, device.name):
        try:
            record = load_record(path)
        except (ParameterError, StorageError):
            if path == where:
                raise
            continue
        why = record.refusal(
            crossbar, span, model=model, topology=topology, cell=cell, v_read=v_read
        )
        if why is None:
            return FoundRecord(record, path)
        reasons.append((path, why))
    raise OutOfValidatedRangeError(
        _refusal(
            reasons,
            device.name,
            validate_command(
                crossbar,
                device if v_read is None else device.replace(v_read=v_read),
                source=source,
                conductance=span,
                topology=topology,
                cell=cell,
            ),
        )
    )


def _candidates(where: Path | None, name: str) -> Iterator[Path]:
    """Yield the files to look at: those named after the device first."""
    if where is not None and not where.is_dir():
        yield where
        return
    folders = [where] if where is not None else record_folders()
    seen = set()
    for folder in folders:
        files = sorted(folder.glob("*.json"), key=lambda p: (not p.stem.startswith(name), p.name))
        for path in files:
            if path.resolve() not in seen:
                seen.add(path.resolve())
                yield path


def _refusal(reasons: list[tuple[Path, str]], name: str, command: str) -> str:
    nearest = [f"{why} ({path})" for path, why in reasons]
    # Another cell or topology is further away than another number.
    nearest.sort(key=lambda text: (text.startswith(("cell is", "topology is")), name not in text))
    said = nearest[0] if nearest else "there is no validation record yet"
    more = f"; {len(nearest) - 1} other records do not cover it either" if nearest[1:] else ""
    return (
        f"{said}{more}. Make one:\n    {command}\nor pass allow_unvalidated=True "
        "(--allow-unvalidated), which is stamped on every result"
    )


def validate_command(
    crossbar: CrossbarParams,
    device: DeviceParams,
    *,
    source: str | None = None,
    conductance: Interval | None = None,
    topology: TopologyParams | None = None,
    cell: CellParams | None = None,
) -> str:
    """Return the command that makes a record for these arrays, whatever they differ in."""
    base = source or (device.name if device.name in preset_names() else _FALLBACK)
    changes = [f"sizes=[[{crossbar.rows}, {crossbar.cols}]]"]
    wires, usual = load_crossbar(base, rows=1, cols=1), load_device(base)
    for names, now, before in ((WIRES, crossbar, wires), (_DEVICE_NUMBERS, device, usual)):
        changes += [
            f"{name}={getattr(now, name)!r}"
            for name in names
            if getattr(now, name) != getattr(before, name)
        ]
    for key, asked, used in (
        ("topology", topology, load_topology(base)),
        ("cell", cell, load_cell(base)),
    ):
        if asked is not None and asked != used:
            changes.append(f"{key}={_inline(asked)}")
    spread = _spread(device, conductance)
    if spread > load_case(base).spread:
        changes.append(f"spread={spread:.3g}")
    name = f"{device.name}-{crossbar.rows}x{crossbar.cols}"
    words = ["xbarsim", "validate", base, "--out", f"{LOCAL_RECORDS}/{name}.json"]
    for change in (f"name={name}", *changes):
        words += ["--set", change]
    return shlex.join(words)


def _inline(value: TopologyParams | CellParams) -> str:
    """Return parameters as a TOML inline table."""
    fields = value.model_dump(mode="json", exclude_none=True)
    return "{" + ", ".join(f"{key} = {json.dumps(v)}" for key, v in fields.items()) + "}"


def _spread(device: DeviceParams, conductance: Interval | None) -> float:
    """Return how far conductances go beyond the device's highest, as a factor, with a margin."""
    _, high = conductance or (device.g_min, device.g_max)
    return _MARGIN * high / device.g_max
