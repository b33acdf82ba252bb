"""This module is what was measured on one array: inputs, column currents, programmed conductances."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xbarsim.errors import ParameterError
from xbarsim.storage import read_text

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Measurements:
    """Column currents of one array under known inputs.

    Attributes:
        v_row: Input vectors, [batch, row]. [V]
        i_col: Measured column currents, [batch, col]. [A]
    """

    v_row: Array
    i_col: Array


def read_measurements(path: Path) -> Measurements:
    """Read a CSV file whose header names ``v_0, v_1, ... [V]`` and ``i_0, i_1, ... [A]``.

    Raises:
        ParameterError: If a column is missing or unknown, or a value is not a finite number.
        StorageError: If the file cannot be read.
    """
    header, table = _read_table(path, "v_0,...,i_0,...")
    inputs, outputs = (_columns(header, kind, path) for kind in ("v", "i"))
    _refuse_unknown(header, {*inputs, *outputs}, "v_<row> and i_<column>", path)
    return Measurements(table[:, inputs], table[:, outputs])


@dataclass(frozen=True)
class Curves:
    """Currents of single cells, measured one at a time at the same voltages.

    Attributes:
        v: Voltage across each cell, or across cell and series resistance, [point]. [V]
        i: Current of each cell, [point, cell]. [A]
    """

    v: Array
    i: Array


def read_curves(path: Path) -> Curves:
    """Read a CSV file whose header names ``v [V]`` and ``i_0, i_1, ... [A]``, a column a cell.

    Raises:
        ParameterError: If a column is missing or unknown, or a value is not a finite number.
        StorageError: If the file cannot be read.
    """
    header, table = _read_table(path, "v,i_0,i_1,...")
    if "v" not in header:
        msg = f"{path} has no column 'v': curves need their voltages [V] in it"
        raise ParameterError(msg)
    cells = _columns(header, "i", path)
    _refuse_unknown(header, {header.index("v"), *cells}, "v and i_<cell>", path)
    return Curves(table[:, header.index("v")], table[:, cells])


def holds_curves(path: Path) -> bool:
    """Return whether a file's header is that of curves, not of column currents."""
    first = read_text(path).split("\n", 1)[0]
    return "v" in [name.strip() for name in first.split(",")]


def _read_table(path: Path, form: str) -> tuple[list[str], Array]:
    """Return the header and the numbers of a CSV file, [line, column]."""
    lines = list(csv.reader(read_text(path).splitlines()))
    if len(lines) < 2:
        msg = f"{path} holds no measurements; it needs a header ({form}) and one line each"
        raise ParameterError(msg)
    header = [name.strip() for name in lines[0]]
    try:
        table = np.array([[float(cell) for cell in line] for line in lines[1:]])
    except ValueError as error:
        msg = f"{path} is not a table of numbers with {len(header)} in each line: {error}"
        raise ParameterError(msg) from None
    if table.shape[1:] != (len(header),):
        msg = (
            f"{path} is not a table of numbers with {len(header)} in each line, as its header says"
        )
        raise ParameterError(msg)
    if not np.isfinite(table).all():
        msg = f"{path} holds values that are not finite; leave such lines out"
        raise ParameterError(msg)
    return header, table


def _refuse_unknown(header: list[str], known: set[int], form: str, path: Path) -> None:
    unknown = set(range(len(header))) - known
    if unknown:
        msg = f"{path} has a column {header[min(unknown)]!r}; columns are {form}"
        raise ParameterError(msg)


def write_measurements(measurements: Measurements, path: Path) -> None:
    """Write the same format, every digit kept."""
    from xbarsim.storage import write_atomically

    rows, cols = measurements.v_row.shape[1], measurements.i_col.shape[1]
    header = [f"v_{i}" for i in range(rows)] + [f"i_{j}" for j in range(cols)]
    table = np.concatenate([measurements.v_row, measurements.i_col], axis=1).tolist()
    text = "\n".join([",".join(header), *(",".join(map(repr, line)) for line in table)])
    write_atomically(path, text + "\n")


def _columns(header: list[str], kind: str, path: Path) -> list[int]:
    """Return where ``kind_0, kind_1, ...`` stand, in that order."""
    count = sum(name.startswith(f"{kind}_") for name in header)
    wanted = [f"{kind}_{k}" for k in range(count)]
    missing = [name for name in wanted if name not in header]
    if count == 0 or missing:
        lost = missing[0] if missing else f"{kind}_0"
        msg = f"{path} has no column {lost!r}; columns are numbered from 0 without gaps"
        raise ParameterError(msg)
    return [header.index(name) for name in wanted]
