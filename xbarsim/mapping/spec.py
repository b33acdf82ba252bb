"""This module is the mapping as data: how weights become arrays, and what drives their rows."""

from typing import Literal, Self

from pydantic import model_validator

from xbarsim.errors import ParameterError
from xbarsim.mapping.gain import Gain
from xbarsim.parameters.base import Parameters
from xbarsim.units import Count, Ratio

Unrolling = Literal["im2col", "position"]
Scheme = Literal["differential", "offset", "proportional"]


class DriverParams(Parameters):
    """What the word-line drivers can put on a row; the default can do anything.

    A network that needs more is refused, naming the layer. Signed inputs are read as two phases
    (positive inputs first, then negative ones, subtracted) or by a bipolar driver in one.
    """

    levels: Count | None = None
    """Distinct sizes of an input, 0 and the largest included: 2 for spikes, 5 for spikes averaged
    over 2x2; None for any size."""
    signed: Literal["refused", "two_phase", "bipolar"] = "bipolar"
    """How negative inputs are read."""
    full_scale: Ratio = 1.0
    """Input that is driven with v_read; only with levels."""
    coding: Literal["amplitude", "width"] = "amplitude"
    """How sizes between 0 and the full scale are driven: as a share of v_read, or with v_read for a
    share of the read (pulses that begin together; the current is their mean). Linear cells whose
    silent rows are grounded give the same current either way."""
    rounding: bool = False
    """Round to the nearest level (a DAC) instead of refusing what lies between levels."""

    @model_validator(mode="after")
    def _has_two_levels(self) -> Self:
        if self.levels is not None and (self.levels < 2 or self.full_scale == 0):
            msg = (
                f"levels is {self.levels} up to {self.full_scale}; a driver has at least two levels, "
                "0 and a largest input greater than 0"
            )
            raise ParameterError(msg)
        if self.rounding and self.levels is None:
            msg = "rounding is on but levels is None: say how many levels the DAC has"
            raise ParameterError(msg)
        return self


class MappingSpec(Parameters):
    """How a network's weights become conductances; the defaults are plain differential pairs.

    With u = w / max|w|, span = g_max - g_min, and the exact inverse when currents are read:
    ``differential`` G± = g_min + span max(±u, 0); ``proportional`` G± = g_max max(±u, 0), raised to
    g_min (or opened, with ``unused`` open, where that is nearer), so that weights below
    g_min / g_max are lost; ``offset`` G = g_min + span (1 + u) / 2 beside one dummy column a tile
    that holds u = 0 and is subtracted (one column of every tile is spent on it).
    """

    tile: tuple[Count, Count] | None = None
    """Rows and columns of a tile; those of the crossbar by default."""
    unrolling: Unrolling = "im2col"
    """Rows of a convolution: inputs x kernel positions, or one array per kernel position."""
    scheme: Scheme = "differential"
    """How a sign is written."""
    bits_per_cell: Count | None = None
    """Bits in one cell; None for analog cells."""
    slices: Count = 1
    """Cells per weight and side, least significant bits first; only with bits_per_cell."""
    scale: Literal["layer", "tile"] = "layer"
    """Whose largest weight gets the highest conductance."""
    unused: Literal["g_min", "open"] = "g_min"
    """Cells that hold no weight: at the lowest conductance, or cut off."""
    gain: Gain = "column"
    """Scale given to currents when read; see ``readout_gain``."""
    order: Literal["natural", "strong_near"] = "natural"
    """Order of rows and columns; ``strong_near`` puts large weights where wires take least."""
    compensated: bool = False
    """Program conductances that make up for IR drop; see ``compensate``."""
    digital: tuple[str, ...] = ()
    """Layers that stay digital: ``first``, ``last``, or names."""
    driver: DriverParams = DriverParams()
    """What drives the rows."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.bits_per_cell is None and self.slices > 1:
            msg = f"slices is {self.slices} but bits_per_cell is None: analog cells are not sliced"
            raise ParameterError(msg)
        bits = (self.bits_per_cell or 16) * self.slices
        if bits > 24 or (bits < 2 and self.scheme == "offset"):
            msg = (
                f"{self.slices} cells of {self.bits_per_cell} bits make {bits} bits a weight: "
                "use at most 24, and at least 2 with an offset"
            )
            raise ParameterError(msg)
        if self.compensated and (self.scheme != "differential" or self.bits_per_cell is not None):
            msg = (
                f"compensated needs analog differential cells, not {self.scheme} cells of "
                f"{self.bits_per_cell} bits: it programs values in between"
            )
            raise ParameterError(msg)
        if self.scheme == "offset" and self.tile is not None and self.tile[1] < 2:
            msg = f"tile is {self.tile}: an offset needs a second column, for the dummy"
            raise ParameterError(msg)
        return self
