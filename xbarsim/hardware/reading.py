"""This module is reading as data: what wires, noise and converters do to every read of a tile."""

from typing import Literal

from xbarsim.parameters.base import Parameters
from xbarsim.units import Count, Fraction


class AdcParams(Parameters):
    """A converter for every column of every tile; it sees the difference of both sides.

    Codes run from -(2^(bits-1) - 1) to 2^(bits-1) - 1. The range of a tile is ``share`` of the
    largest current that any of its columns can give, when all rows of one sign are driven fully.
    """

    bits: Count
    """Resolution, sign included; at least 2."""
    share: Fraction = 0.25
    """Range as a share of the largest possible current; what lies outside is clipped."""


class ReadParams(Parameters):
    """How tiles are read."""

    ir_drop: Literal["exact", "closed_form", "ideal", "activity"] = "exact"
    """Model of the wires; ``activity`` follows which rows spike, and is fitted to the exact one."""
    silent_rows: Literal["gated", "floating"] = "gated"
    """What a row that does not spike is; only with ``activity``, else it is grounded."""
    adc: AdcParams | None = None
    """Converter of every tile; None for a perfect one."""
