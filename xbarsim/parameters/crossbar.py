"""This module is the geometry and the parasitic resistances of one crossbar array."""

from xbarsim.parameters.base import Parameters
from xbarsim.units import Count, Ohm


class CrossbarParams(Parameters):
    """Geometry and parasitic resistances of one crossbar array.

    Word lines run along rows and are driven at column 0; bit lines run along columns and are
    sensed at the last row. The driver joins the first cell's node directly, the sense resistor
    the last cell's node. Any resistance may be zero.
    """

    rows: Count
    """Number of word lines (inputs)."""
    cols: Count
    """Number of bit lines (outputs)."""
    r_driver: Ohm = 1e3
    """Output resistance of each word-line driver."""
    r_wire_row: Ohm = 5.0
    """Resistance of one word-line segment, cell to cell."""
    r_wire_col: Ohm = 10.0
    """Resistance of one bit-line segment, cell to cell."""
    r_sense: Ohm = 1e3
    """Input resistance of each sense amplifier."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.rows, self.cols

    @property
    def resistances(self) -> tuple[float, float, float, float]:
        """r_driver, r_wire_row, r_wire_col, r_sense [Ω]."""
        return self.r_driver, self.r_wire_row, self.r_wire_col, self.r_sense
