"""This module is reading as data: wires, cells, noise and converters in every read of a tile."""

from typing import Literal, Self

from pydantic import model_validator

from xbarsim.errors import ParameterError
from xbarsim.parameters import Cell, CellParams, LinearCell
from xbarsim.parameters.base import Parameters
from xbarsim.units import Count, Fraction, Volt

IrDrop = Literal["exact", "closed_form", "ideal", "activity", "nonlinear_static"]
_OF_ANY_CELL = ("activity", "nonlinear_static")


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
    """How tiles are read.

    ``exact``, ``closed_form`` and ``ideal`` are for linear cells and grounded silent rows.
    ``nonlinear_static`` is one matrix a tile, fitted to nonlinear solves, grounded silent rows.
    ``activity`` follows which rows spike where silent rows are gated or floating; it is fitted to
    exact solves, or to nonlinear ones. Nonlinear cells do not scale with their voltage, so that rows
    must be at 0 or ``v_read``: networks that ask for more are refused, naming the layer.
    """

    ir_drop: IrDrop = "exact"
    """Model of the wires and cells."""
    silent_rows: Literal["gated", "floating"] = "gated"
    """What a row that does not spike is; only with ``activity``, else it is grounded."""
    cell: Cell | None = None
    """Law of the cells; Ohm's by default."""
    v_read: Volt | None = None
    """Word-line voltage of a spike; the device's by default."""
    adc: AdcParams | None = None
    """Converter of every tile; None for a perfect one."""

    @property
    def nonlinear_cell(self) -> CellParams | None:
        """The cells' law where it is not Ohm's."""
        return None if isinstance(self.cell, LinearCell) else self.cell

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.nonlinear_cell is not None and self.ir_drop not in _OF_ANY_CELL:
            msg = (
                f"ir_drop is {self.ir_drop!r} but cells are {self.nonlinear_cell.kind}: it is for "
                "linear cells; use 'nonlinear_static' (grounded silent rows) or 'activity'"
            )
            raise ParameterError(msg)
        if self.v_read == 0:
            msg = "v_read is 0 V: choose the voltage that a spike puts on the word line"
            raise ParameterError(msg)
        return self
