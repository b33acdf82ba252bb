"""This module is the wires of an array as the exact models read them: every end and every segment.

A line's end is a resistance in series with a driver or with ground: drivers and sense resistors
together with their leads. An end that is not there is ``None``. Whatever its topology, an array is
one or two marches down such lines; turned or flipped arrays are lines again.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbarsim.circuit import check_segments
from xbarsim.parameters import CrossbarParams, TopologyParams

Array = NDArray[np.float64]

FLOOR = 1e-15
"""Zero, at a line with two ends, as a share of the smallest resistance of a cell."""


@dataclass(frozen=True)
class Lines:
    """Resistances of all wires of an array [Ω]; numbers, or tensors of one number.

    Attributes:
        rows: Word lines.
        cols: Bit lines.
        left: In series with the drivers at column 0.
        right: In series with the drivers at the last column; None without them.
        row: Word-line segments, one number or [row, col - 1].
        col: Bit-line segments, one number or [row - 1, col].
        top: In series with ground above row 0; None when the bit lines end there.
        bottom: In series with ground below the last row.
    """

    rows: int
    cols: int
    left: Any
    right: Any
    row: Any
    col: Any
    top: Any
    bottom: Any

    @property
    def two_ended(self) -> bool:
        """Whether the march down the bit lines has to be done twice."""
        return self.top is not None

    def turned(self) -> "Lines":
        """Return the same network seen from its sense side.

        By reciprocity I_j per V_i equals the current at input i when bit line j is driven instead.
        Seen that way the array is transposed with both axes reversed, because sense resistors sit
        at the far end of the bit lines and drivers at the near end of the word lines.
        """
        row, col = (x if _is_one(x) else x[::-1, ::-1].T for x in (self.row, self.col))
        return Lines(self.cols, self.rows, self.bottom, self.top, col, row, self.right, self.left)

    def flipped(self) -> "Lines":
        """Return the lines of the array upside down; it must be sensed at both ends."""
        row, col = (x if _is_one(x) else x[::-1] for x in (self.row, self.col))
        return replace(self, row=row, col=col, top=self.bottom, bottom=self.top)

    @property
    def cost(self) -> int:
        """Floating-point operations of the exact model, to leading order."""
        once = self.rows * self.cols**2 * (self.rows + self.cols)
        return 2 * once if self.two_ended else once

    def floored(self, largest: float) -> "Lines":
        """Return the lines with almost zero for zero at the ends of lines that have two.

        Between two ends of zero, a line of zero would share out its current in no certain way.
        ``largest`` is the largest conductance of a cell; the difference is below rounding. [S]
        """
        floor = FLOOR / largest if largest > 0 else FLOOR
        ends = {
            near: (_at_least(getattr(self, near), floor), _at_least(getattr(self, far), floor))
            for near, far in (("left", "right"), ("bottom", "top"))
            if getattr(self, far) is not None
        }
        left, right = ends.get("left", (self.left, self.right))
        bottom, top = ends.get("bottom", (self.bottom, self.top))
        return replace(self, left=left, right=right, bottom=bottom, top=top)


@dataclass(frozen=True)
class Wiring:
    """An array but for its cells: what a user gives, checked.

    Attributes:
        crossbar: Geometry and resistances. [Ω]
        topology: Driven and sensed ends, and leads.
        r_wire_row: Each word-line segment, [row, col - 1], in place of the one value, which leads
            keep. [Ω]
        r_wire_col: Each bit-line segment, [row - 1, col], likewise. [Ω]
    """

    crossbar: CrossbarParams
    topology: TopologyParams
    r_wire_row: Array | None
    r_wire_col: Array | None

    @classmethod
    def of(
        cls,
        crossbar: CrossbarParams,
        topology: TopologyParams | None = None,
        r_wire_row: ArrayLike | None = None,
        r_wire_col: ArrayLike | None = None,
    ) -> "Wiring":
        """Check and return it; the plain array by default.

        Raises:
            ParameterError: If segments do not fit the array, or are negative or not finite.
        """
        rows, cols = crossbar.shape
        if r_wire_row is not None:
            r_wire_row = check_segments(r_wire_row, "r_wire_row", 0.0, (rows, cols - 1))
        if r_wire_col is not None:
            r_wire_col = check_segments(r_wire_col, "r_wire_col", 0.0, (rows - 1, cols))
        return cls(crossbar, topology or TopologyParams(), r_wire_row, r_wire_col)

    def lines(self, resistances: Any = None) -> Lines:  # noqa: ANN401
        """Return its lines.

        ``resistances`` stands in for the crossbar's r_driver, r_wire_row, r_wire_col and r_sense:
        numbers, or tensors of one number, which gradients then reach. [Ω]
        """
        r_driver, row, col, r_sense = (
            self.crossbar.resistances if resistances is None else resistances
        )
        left = r_driver + self.topology.lead_row * row
        bottom = r_sense + self.topology.lead_col * col
        return Lines(
            rows=self.crossbar.rows,
            cols=self.crossbar.cols,
            left=left,
            right=left if self.topology.drive == "both" else None,
            row=row if self.r_wire_row is None else self.r_wire_row,
            col=col if self.r_wire_col is None else self.r_wire_col,
            top=bottom if self.topology.sense == "both" else None,
            bottom=bottom,
        )


def _is_one(value: Any) -> bool:  # noqa: ANN401
    return bool(np.ndim(value) == 0)


def _at_least(value: Any, floor: float) -> Any:  # noqa: ANN401
    """Return ``value``, or ``floor`` for zero; written as a sum, so that zero keeps its slope."""
    return value + floor * (value == 0)
