"""This module is SPICE raw files read: binary or text, as ngspice, LTspice and Xyce write them."""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xbarsim.errors import StorageError

_FIELD = re.compile(r"^(No\. Variables|No\. Points|Flags)\s*:\s*(.*)$", re.MULTILINE)
_NAME = re.compile(r"^\s+\d+\s+(\S+)\s+(\S+)", re.MULTILINE)


def read_raw_file(path: Path) -> dict[str, NDArray[np.float64]]:
    """Read the first plot of a raw file of real vectors.

    Args:
        path: A .raw file: ngspice, Xyce, or LTspice (UTF-16 header; single-precision vectors).

    Returns:
        Vectors by name in lower case, each [point].

    Raises:
        StorageError: If it is missing, damaged, complex, or no raw file.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        msg = f"cannot read {path}: {error.strerror}"
        raise StorageError(msg) from error
    wide = data[1:2] == b"\0"
    mark = next((m for m in (b"Binary:\n", b"Values:\n") if _wide(m, wide=wide) in data), None)
    if mark is None:
        msg = f"{path} has neither Binary: nor Values:; it is no SPICE raw file"
        raise StorageError(msg)
    head, _, body = data.partition(_wide(mark, wide=wide))
    text = head.decode("utf-16-le" if wide else "utf8", errors="replace").replace("\r", "")
    fields = {key: value.strip() for key, value in _FIELD.findall(text)}
    names = [name.lower() for name, _ in _NAME.findall(text.partition("Variables:\n")[2])]
    try:
        points = int(fields["No. Points"])
        if int(fields["No. Variables"]) != len(names) or points < 1:
            raise ValueError  # noqa: TRY301
    except (KeyError, ValueError):
        msg = f"{path}: the header does not agree with itself; the file is damaged or empty"
        raise StorageError(msg) from None
    if "real" not in fields.get("Flags", ""):
        msg = f"{path} holds {fields.get('Flags')!r} vectors (an AC run?); only real ones are read"
        raise StorageError(msg)
    if mark.startswith(b"Binary"):
        values = _binary(body, points, names, path, fields["Flags"])
    else:
        values = _text(body.decode("utf-16-le" if wide else "utf8"), points, len(names), path)
    return {name: values[:, k].copy() for k, name in enumerate(names)}


def _wide(mark: bytes, *, wide: bool) -> bytes:
    return mark.decode().encode("utf-16-le") if wide else mark


def _binary(
    body: bytes, points: int, names: list[str], path: Path, flags: str
) -> NDArray[np.float64]:
    """Return [point, vector]; LTspice keeps the first vector double and the others single."""
    n = len(names)
    for others in ("<f8", "<f4"):
        kind = np.dtype([("first", "<f8"), ("others", others, (n - 1,))])
        if len(body) == points * kind.itemsize and "fastaccess" not in flags:
            table = np.frombuffer(body, dtype=kind)
            joined = np.column_stack([table["first"], table["others"]])
            # LTspice marks compressed time points by a minus sign.
            if others == "<f4" and names[0] == "time":
                joined[:, 0] = abs(joined[:, 0])
            return joined.astype(np.float64)
    msg = (
        f"{path} holds {len(body)} bytes of values, which do not fit {points} points of {n} vectors"
    )
    raise StorageError(msg)


def _text(body: str, points: int, n: int, path: Path) -> NDArray[np.float64]:
    try:
        values = np.array([float(word) for word in body.split()])
    except ValueError as error:
        msg = f"{path} holds a value that is no real number: {error}"
        raise StorageError(msg) from error
    if len(values) != points * (n + 1):
        msg = f"{path} holds {len(values)} values, which do not fit {points} points of {n} vectors"
        raise StorageError(msg)
    # Each point starts with its number.
    return values.reshape(points, n + 1)[:, 1:]
