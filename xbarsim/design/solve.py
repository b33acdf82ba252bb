"""This module is what a design's columns deliver, and what they would without any wire."""

import numpy as np
from numpy.typing import NDArray

from xbarsim.circuit import build_circuit
from xbarsim.design.array import ArrayDesign
from xbarsim.fast import effective_conductance
from xbarsim.fast.state import array_state
from xbarsim.reference.cells import cell_current
from xbarsim.reference.network import solve_circuit

Array = NDArray[np.float64]

TOLERANCE = 1e-10
"""Residual of an iteration, of the largest cell current; errors that matter begin at 1e-4."""


def column_currents(design: ArrayDesign, conductance: Array, v_row: Array) -> Array:
    """Return the column currents, [batch, col] in A, of cells [row, col] under inputs [batch, row].

    Rows at 0 V are silent, in the way that the design's topology says.
    """
    silent, topology = design.topology.silent, design.topology
    if design.method == "matrix":
        g_eff = effective_conductance(conductance, design.crossbar, topology=topology)
        return np.asarray(v_row @ g_eff)
    if design.method == "patterns":
        patterns, which = np.unique(v_row != 0, axis=0, return_inverse=True)
        g_eff = effective_conductance(
            conductance, design.crossbar, topology=topology, silent_rows=silent, active=patterns
        )
        return np.asarray(np.einsum("bi,bij->bj", v_row, g_eff[which.ravel()]))
    if design.method == "state":
        return array_state(
            conductance, v_row, design.crossbar, design.cell, silent_rows=silent,
            tolerance=TOLERANCE,
        ).i_col  # fmt: skip
    return np.concatenate([_nodal(design, conductance, v) for v in v_row])


def _nodal(design: ArrayDesign, conductance: Array, v: Array) -> Array:
    active = None if design.topology.silent == "grounded" else v != 0
    circuit = build_circuit(
        conductance, design.crossbar, topology=design.topology, cell=design.cell, active=active
    )
    return solve_circuit(circuit, v).i_col


def wireless_currents(design: ArrayDesign, conductance: Array, v_row: Array) -> Array:
    """Return the column currents, [batch, col] in A, of the same cells without any resistance."""
    if design.cell.kind == "linear":
        return v_row @ conductance
    drop = np.broadcast_to(v_row[:, :, None], (*v_row.shape, design.crossbar.cols))
    every = np.broadcast_to(conductance, drop.shape)
    current = cell_current(design.cell, every, drop, np.zeros_like(drop))[0]
    return np.asarray(current.sum(axis=1))
