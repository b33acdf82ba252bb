"""This module is the wires inside the array: one resistor a segment, cell to cell."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbarsim.circuit.checks import check_segments
from xbarsim.circuit.circuit import R_FLOOR, Resistor
from xbarsim.parameters import CrossbarParams


def segments(
    crossbar: CrossbarParams,
    r_wire_row: ArrayLike | None,
    r_wire_col: ArrayLike | None,
    present: NDArray[np.bool_],
) -> tuple[Resistor, ...]:
    """Return word-line segments, then bit-line segments; rows that are not present have none."""
    rows, cols = crossbar.shape
    along_row = check_segments(r_wire_row, "r_wire_row", crossbar.r_wire_row, (rows, cols - 1))
    along_col = check_segments(r_wire_col, "r_wire_col", crossbar.r_wire_col, (rows - 1, cols))
    words = [
        Resistor(f"Rwr{i}_{j}", f"wl_{i}_{j}", f"wl_{i}_{j + 1}", max(ohm, R_FLOOR))
        for i, line in enumerate(along_row.tolist())
        for j, ohm in enumerate(line)
        if present[i]
    ]
    bits = [
        Resistor(f"Rwc{i}_{j}", f"bl_{i}_{j}", f"bl_{i + 1}_{j}", max(ohm, R_FLOOR))
        for i, line in enumerate(along_col.tolist())
        for j, ohm in enumerate(line)
    ]
    return tuple(words + bits)
