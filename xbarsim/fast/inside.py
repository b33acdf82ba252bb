"""This module is what happens inside an array: every node voltage, cell current and power.

Up to ``DIRECT_NUMBERS`` rows x cols x cols numbers the array is factorised; larger arrays are solved
by conjugate gradients, input by input, in memory rows x cols.
"""

from dataclasses import dataclass
from typing import get_args

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from xbarsim.circuit import check_conductance, check_inputs
from xbarsim.errors import ParameterError
from xbarsim.fast.branches import bit_line_currents, word_line_currents
from xbarsim.fast.effective import Method
from xbarsim.fast.iterative import solve_large
from xbarsim.fast.lines import Lines, Wiring
from xbarsim.fast.nodes import factorise
from xbarsim.fast.silence import SilentRows, apply_silence
from xbarsim.parameters import CrossbarParams, TopologyParams

Array = NDArray[np.float64]

DIRECT_NUMBERS = 2**26
"""512 MiB for each of two such arrays: 400x400 is factorised, 512x512 is iterated."""


@dataclass(frozen=True)
class ArraySolution:
    """Every voltage and current of an array of linear cells, for a batch of inputs.

    Attributes:
        v_word: Word-line voltages at the cells, [batch, row, col]. [V]
        v_bit: Bit-line voltages at the cells, [batch, row, col]. [V]
        i_cell: Cell currents, [batch, row, col]. [A]
        i_row: Current out of each row's drivers, both ends together, [batch, row]. [A]
        i_col: Current into each column's sense resistors, both ends together, [batch, col]. [A]
        i_ends: Current of each end of the columns, the lower one first, [batch, col, end]. [A]
        power: Power from all sources, [batch]; what cells, wires and ends turn into heat. [W]
        method: How it was solved: ``direct`` or ``iterative``.
        residual: What is left of the currents into bit-line nodes, as a share; 0 where direct.
    """

    v_word: Array
    v_bit: Array
    i_cell: Array
    i_row: Array
    i_col: Array
    i_ends: Array
    power: Array
    method: str
    residual: float

    @property
    def cell_power(self) -> Array:
        """Power of every cell, [batch, row, col]. [W]"""
        return self.i_cell * (self.v_word - self.v_bit)


def solve_array(
    conductance: ArrayLike,
    v_row: ArrayLike,
    crossbar: CrossbarParams,
    *,
    topology: TopologyParams | None = None,
    r_wire_row: ArrayLike | None = None,
    r_wire_col: ArrayLike | None = None,
    silent_rows: SilentRows | None = None,
    active: ArrayLike | None = None,
    method: Method = "auto",
    tolerance: float = 1e-8,
) -> ArraySolution:
    """Solve an array of linear cells, exactly, for maps of IR drop and power.

    Equations: Kirchhoff's. ``direct`` (``nodes``): one factorisation, about ``3 rows * cols**3``
    operations, serves all inputs; each costs ``4 rows * cols**2`` more. ``iterative``
    (``iterative``): some 30 rows cols operations a step and input. Measured error against the
    sparse nodal solve (``tests/fast``): direct 1e-10 of the largest voltage or less; iterative 1e-6
    or less for the default tolerance.

    Args:
        conductance: Cell conductances, [row, col]. [S]
        v_row: Input vectors, [batch, row]; what silent rows are given is not read. [V]
        crossbar: Geometry and resistances. [Ω]
        topology: Driven and sensed ends, leads, silent rows; the plain array by default.
        r_wire_row: Each word-line segment, [row, col - 1], in place of the one value. [Ω]
        r_wire_col: Each bit-line segment, [row - 1, col], in place of the one value. [Ω]
        silent_rows: What happens to rows that do not spike; what ``topology`` says by default.
        active: True where a row spikes, [row]; all of them by default.
        method: ``direct``, ``iterative``, or ``auto``: by size; the solution says which.
        tolerance: Residual to reach where iterative, as a share of the currents.

    Raises:
        ParameterError: If shapes do not fit the array, values are not physical, or the method is
            unknown.
        SolveError: If the tolerance is not reached.
    """
    g = check_conductance(conductance, crossbar)
    v = check_inputs(v_row, crossbar.rows)
    wiring = Wiring.of(crossbar, topology, r_wire_row, r_wire_col)
    spikes = np.ones(crossbar.rows, np.bool_) if active is None else np.asarray(active)
    g, floating = apply_silence(g, silent_rows or wiring.topology.silent, spikes, crossbar)
    v = v * spikes
    lines = wiring.lines().floored(float(g.max()))
    used = _chosen(method, crossbar)
    if used == "direct":
        word, bit = _direct(g, lines, v, floating)
        residual = 0.0
    else:
        word, bit, residual = solve_large(g, lines, v, tolerance, floating)
    return _solution(g, v, word, bit, lines, floating, used, residual)


def _chosen(method: Method, crossbar: CrossbarParams) -> str:
    """Return the method for an array, where that is ``auto``.

    Raises:
        ParameterError: If it is unknown.
    """
    if method not in get_args(Method):
        msg = f"method is {method!r}; use one of {', '.join(get_args(Method))}"
        raise ParameterError(msg)
    if method == "auto":
        small = crossbar.rows * crossbar.cols**2 <= DIRECT_NUMBERS
        return "direct" if small else "iterative"
    return method


def _direct(
    g: Array, lines: Lines, v_row: Array, floating: NDArray[np.bool_] | None
) -> tuple[Array, Array]:
    mask = None if floating is None else torch.from_numpy(floating.copy())
    factor = factorise(torch.from_numpy(g.copy()), lines, mask)
    word, bit = factor.node_voltages(torch.from_numpy(v_row))
    return word.numpy(), bit.numpy()


def _solution(
    g: Array,
    v: Array,
    word: Array,
    bit: Array,
    lines: Lines,
    floating: NDArray[np.bool_] | None,
    method: str,
    residual: float,
) -> ArraySolution:
    """Return voltages together with the currents that they drive."""
    mask = None if floating is None else torch.from_numpy(floating.copy())
    cell = g * (word - bit)
    drivers, _ = word_line_currents(torch.from_numpy(cell), lines, mask)
    senses, _ = bit_line_currents(torch.from_numpy(cell), lines)
    i_row = drivers.sum(-1).numpy()
    return ArraySolution(
        v_word=word,
        v_bit=bit,
        i_cell=cell,
        i_row=i_row,
        i_col=senses.sum(-1).numpy(),
        i_ends=senses.numpy(),
        power=(v * i_row).sum(axis=1),
        method=method,
        residual=residual,
    )
