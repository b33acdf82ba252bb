"""This module is how long the bit lines take to settle, measured in ngspice, size by size."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbarsim.circuit import build_circuit
from xbarsim.design.array import ArrayDesign
from xbarsim.design.sample import Sample
from xbarsim.design.spot import Deck, for_spice
from xbarsim.errors import SolveError
from xbarsim.parameters import TransientParams
from xbarsim.spice import find_ngspice
from xbarsim.spice.batch import run_batch
from xbarsim.spice.pulses import write_transient

Array = NDArray[np.float64]

_TIME_CONSTANTS = 10
_EDGES = 60
_SETTLED = 0.8
_TRIES = 6
_SIZES = (8, 16, 32, 64)
_DENSITY = 0.5


@dataclass(frozen=True)
class Settling:
    """Step response of one tile size.

    Attributes:
        rows: Rows of the tile.
        cols: Columns of the tile.
        seconds: Time from the middle of the input's edge until all columns stay within the budget
            of their last values, as a share of the largest. [s]
        deck: The circuit.
    """

    rows: int
    cols: int
    seconds: float
    deck: Deck


def settling_sizes(design: ArrayDesign) -> list[tuple[int, int]]:
    """Return the sizes to run: squares up to 64 below the design's own size, then that."""
    rows, cols = (min(n, _SIZES[-1]) for n in design.crossbar.shape)
    return [(n, n) for n in _SIZES if n < max(rows, cols)] + [(rows, cols)]


def settling_time(
    design: ArrayDesign, sample: Sample, size: tuple[int, int], budget: float
) -> Settling:
    """Step half of the rows to V_read and wait for the columns.

    The window starts at some ten time constants of a lumped estimate and grows until it suffices.

    Raises:
        SpiceError: If ngspice is missing, fails or leaves a doubtful answer.
        SolveError: If the columns do not settle in any window.
    """
    tile = for_spice(design.sized(*size))
    circuit = build_circuit(
        sample.conductance(tile, 0), tile.crossbar, topology=tile.topology, cell=tile.cell
    )
    v = sample.spikes(tile, _DENSITY, 0)[None, :]
    window = max(_TIME_CONSTANTS * lumped_time_constant(tile), 4 * tile.transient.rise)
    for _ in range(_TRIES):
        pulse = _pulse(tile.transient, window)
        deck = write_transient(circuit, v, pulse)
        vectors, _ = run_batch(deck, find_ngspice())
        sensed = np.stack([vectors[f"v({s.a})"] / s.ohm for s in circuit.senses], axis=1)
        columns = sensed.reshape(len(sensed), -1, tile.crossbar.cols).sum(axis=1)
        last = _last_outside(vectors["time"], columns, window, budget)
        if last < _SETTLED * window:
            name = f"settling-{size[0]}x{size[1]}.cir"
            return Settling(*size, last - pulse.rise / 2, Deck(name, deck))
        window *= 4
    msg = f"the columns of {size[0]}x{size[1]} still move after {window:.3g} s; check [transient]"
    raise SolveError(msg)


def lumped_time_constant(design: ArrayDesign) -> float:
    """Return a bound of the slowest time constant: all capacitance of two lines behind all of R. [s]"""
    c, t = design.crossbar, design.transient
    word = c.cols * (t.c_wire_row + t.c_cell) * (c.r_driver + c.cols * c.r_wire_row)
    bit = c.rows * (t.c_wire_col + t.c_cell) * (c.r_sense + c.rows * c.r_wire_col)
    return word + bit


def _pulse(transient: TransientParams, window: float) -> TransientParams:
    """Return one pulse as long as the window, its edge no sharper than can be resolved."""
    rise = max(min(transient.rise, window / 4), window / _EDGES)
    return transient.replace(pulse=window, rise=rise, period=window + 2 * rise)


def _last_outside(time: Array, columns: Array, window: float, budget: float) -> float:
    """Return when the last column enters the budget's band for good, by linear interpolation. [s]"""
    inside = time <= window
    time, columns = time[inside], columns[inside]
    away = np.abs(columns - columns[-1]).max(axis=1) / max(np.abs(columns[-1]).max(), 1e-300)
    outside = np.flatnonzero(away > budget)
    if len(outside) == 0:
        return 0.0
    k = int(outside[-1])
    share = (away[k] - budget) / (away[k] - away[k + 1])
    return float(time[k] + share * (time[k + 1] - time[k]))
