"""This module is the reader of MATLAB's files of version 5 to 7, for matrices of numbers only.

SciPy's reader is compiled, and a damaged file can end the whole process there; this one cannot.
Format: MathWorks, "MAT-File Format", level 5.
"""

import zlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_KINDS = {
    1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8",
}  # fmt: skip
_MATRIX, _COMPRESSED = 14, 15
_NUMERIC_CLASSES = range(6, 16)
_COMPLEX = 0x0800
_LARGEST = 2**30
"""Longest variable that is unpacked. [bytes]"""

Element = tuple[int, bytes]


def read_variables(content: bytes) -> dict[str, NDArray[np.float64]]:
    """Return the real, numeric arrays of a file by name; other variables are left out.

    Raises:
        ValueError: If it is no such file, cut short, or a variable is complex.
    """
    order = {b"IM": "<", b"MI": ">"}.get(content[126:128])
    if order is None:
        msg = "it is no MATLAB file of version 5 to 7; save it with -v7"
        raise ValueError(msg)
    found: dict[str, NDArray[np.float64]] = {}
    for kind, data in _elements(content[128:], order):
        inner = _unpacked(data, order) if kind == _COMPRESSED else [(kind, data)]
        for inner_kind, matrix in inner:
            if inner_kind == _MATRIX:
                found |= _variable(matrix, order)
    return found


def _elements(data: bytes, order: str) -> Iterator[Element]:
    """Yield tagged elements; short ones hold their data in the tag, others end on 8 bytes."""
    at = 0
    while at + 8 <= len(data):
        kind, size = (int(x) for x in np.frombuffer(data, f"{order}u4", 2, at))
        if kind >> 16:
            kind, size, start, end = kind & 0xFFFF, kind >> 16, at + 4, at + 8
        else:
            start, end = at + 8, at + 8 + size
            end += 0 if kind == _COMPRESSED else -size % 8
        if start + size > len(data) or (end == at + 8 and size > 4 and start == at + 4):
            msg = f"an element of {size} bytes is cut short"
            raise ValueError(msg)
        yield kind, data[start : start + size]
        at = end


def _unpacked(data: bytes, order: str) -> Iterator[Element]:
    unpacker = zlib.decompressobj()
    try:
        plain = unpacker.decompress(data, _LARGEST)
    except zlib.error as error:
        msg = f"a compressed variable is damaged: {error}"
        raise ValueError(msg) from error
    if not unpacker.eof:
        msg = f"a compressed variable is cut short, or longer than {_LARGEST} bytes"
        raise ValueError(msg)
    return _elements(plain, order)


def _variable(matrix: bytes, order: str) -> dict[str, NDArray[np.float64]]:
    """Return one variable by its name, or nothing when it is not an array of numbers."""
    parts = list(_elements(matrix, order))
    if len(parts) < 3 or len(parts[0][1]) < 4:
        msg = "a variable lacks its head"
        raise ValueError(msg)
    flags = int(np.frombuffer(parts[0][1], f"{order}u4", 1)[0])
    name = parts[2][1].decode("ascii", errors="replace")
    if flags & 0xFF not in _NUMERIC_CLASSES:
        return {}
    if flags & _COMPLEX:
        msg = f"{name} holds complex numbers"
        raise ValueError(msg)
    if len(parts) < 4:
        msg = f"{name} has no values"
        raise ValueError(msg)
    shape = tuple(int(x) for x in _values(parts[1], order))
    values = _values(parts[3], order).astype(np.float64)
    if min(shape, default=0) < 0 or int(np.prod(shape, dtype=object)) != values.size:
        msg = f"{name} has {values.size} values for {' x '.join(map(str, shape))}"
        raise ValueError(msg)
    return {name: values.reshape(shape, order="F")}


def _values(element: Element, order: str) -> NDArray[np.generic]:
    kind, data = element
    if kind not in _KINDS or len(data) % int(_KINDS[kind][1]):
        msg = f"values of type {kind} in {len(data)} bytes are no numbers"
        raise ValueError(msg)
    return np.frombuffer(data, order + _KINDS[kind])
