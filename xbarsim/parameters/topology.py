"""This module is how an array is connected: driven and sensed ends, pairs, and what silence is."""

from typing import Annotated, Literal

from annotated_types import Ge

from xbarsim.parameters.base import Parameters
from xbarsim.units import Unit

Segments = Annotated[int, Unit("1"), Ge(0)]


class TopologyParams(Parameters):
    """Ends that are driven and sensed, silent rows, and leads; the defaults are the plain array.

    A row driven from both ends has one source and a driver of r_driver at either end. A column
    sensed at both ends has a sense resistor of r_sense at either end; its current is their sum.
    """

    drive: Literal["one", "both"] = "one"
    """Row ends with a driver: at column 0 only, or at both ends."""
    sense: Literal["one", "both"] = "one"
    """Column ends with a sense resistor: at the last row only, or at both ends."""
    silent: Literal["grounded", "floating", "gated"] = "grounded"
    """Silent rows are held at 0 V, cut off from their driver, or have their cells cut off."""
    columns: Literal["single", "differential"] = "single"
    """Every column is an output, or columns 2k and 2k + 1 are sensed as a pair: their difference."""
    lead_row: Segments = 0
    """Extra word-line segments of r_wire_row between each driver and the array."""
    lead_col: Segments = 0
    """Extra bit-line segments of r_wire_col between the array and each sense resistor."""
