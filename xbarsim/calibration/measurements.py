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
    lines = list(csv.reader(read_text(path).splitlines()))
    if len(lines) < 2:
        msg = f"{path} holds no measurements; it needs a header (v_0,...,i_0,...) and one line each"
        raise ParameterError(msg)
    header = [name.strip() for name in lines[0]]
    inputs, outputs = (_columns(header, kind, path) for kind in ("v", "i"))
    unknown = set(range(len(header))) - set(inputs) - set(outputs)
    if unknown:
        msg = f"{path} has a column {header[min(unknown)]!r}; columns are v_<row> and i_<column>"
        raise ParameterError(msg)
    try:
        table = np.array([[float(cell) for cell in line] for line in lines[1:]])
        v_row, i_col = table[:, inputs], table[:, outputs]
    except (ValueError, IndexError) as error:
        msg = f"{path} is not a table of numbers with {len(header)} in each line: {error}"
        raise ParameterError(msg) from None
    if not np.isfinite(table).all():
        msg = f"{path} holds values that are not finite; leave such lines out"
        raise ParameterError(msg)
    return Measurements(v_row, i_col)


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
