"""This module is the step from parameters and conductances to a circuit."""

import numpy as np
from numpy.typing import ArrayLike

from xbarsim.circuit.checks import Array, check_active, check_conductance
from xbarsim.circuit.circuit import Circuit, Resistor
from xbarsim.circuit.ends import row_ends, sense_ends
from xbarsim.circuit.pairs import pair_amplifiers
from xbarsim.circuit.wires import segments
from xbarsim.parameters import CellParams, CrossbarParams, LinearCell, TopologyParams


def build_circuit(
    conductance: ArrayLike,
    crossbar: CrossbarParams,
    *,
    topology: TopologyParams | None = None,
    cell: CellParams | None = None,
    active: ArrayLike | None = None,
    r_wire_row: ArrayLike | None = None,
    r_wire_col: ArrayLike | None = None,
) -> Circuit:
    """Build the full circuit of one array, all four parasitic resistances included.

    Node ``wl_i_j`` (``bl_i_j``) is the word line (bit line) at the cell in row i and column j.
    A zero resistance becomes ``R_FLOOR``; a cell of zero conductance is left out.

    Args:
        conductance: Cell conductances, shape [row, col]. [S]
        crossbar: Geometry and resistances. [Ω]
        topology: Driven and sensed ends, silent rows, pairs, leads; the plain array by default.
        cell: Law of the cells; Ohm's by default.
        active: Rows that carry an input, shape [row]; the others are silent. All by default.
        r_wire_row: Each word-line segment, [row, col - 1]; overrides the crossbar's one value. [Ω]
        r_wire_col: Each bit-line segment, [row - 1, col]; overrides the crossbar's one value. [Ω]

    Returns:
        The circuit; nothing is simulated.

    Raises:
        ParameterError: If an array does not fit, or a value is not physical.
    """
    topology = topology or TopologyParams()
    g = check_conductance(conductance, crossbar)
    silent = ~check_active(active, crossbar.rows)
    floating = silent & (topology.silent == "floating")
    if topology.silent == "gated":
        g = np.where(silent[:, None], 0.0, g)
    present = ~floating | (g > 0).any(axis=1)
    driven = tuple(np.flatnonzero(~floating).tolist())
    drivers, row_leads = row_ends(crossbar, topology, driven)
    senses, col_leads = sense_ends(crossbar, topology)
    return Circuit(
        crossbar=crossbar,
        inputs=tuple(f"in_{i}" for i in driven),
        drivers=drivers,
        wires=segments(crossbar, r_wire_row, r_wire_col, present) + row_leads + col_leads,
        cells=_cells(g),
        senses=senses,
        driven=driven,
        cell=cell or LinearCell(),
        topology=topology,
        amplifiers=pair_amplifiers(crossbar, topology, senses),
    )


def _cells(g: Array) -> tuple[Resistor, ...]:
    return tuple(
        Resistor(f"Rm{i}_{j}", f"wl_{i}_{j}", f"bl_{i}_{j}", 1.0 / value)
        for i, row in enumerate(g.tolist())
        for j, value in enumerate(row)
        if value > 0
    )
