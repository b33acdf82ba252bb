"""This module is the exact linear model as a candidate, whatever happens to silent rows."""

import numpy as np

from xbarsim.circuit import R_FLOOR
from xbarsim.fast import effective_conductance
from xbarsim.parameters import CellParams, CrossbarParams, LinearCell, TopologyParams
from xbarsim.validation.circuits import TestCircuit
from xbarsim.validation.models.protocol import Array, Standing, Unfitted

_PATTERNS_AT_A_TIME = 64


class Exact(Unfitted):
    """The effective conductance; exact for linear cells that are driven and sensed at one end."""

    name = "exact"

    def standing(self, topology: TopologyParams, cell: CellParams) -> Standing:
        """Exact where its assumptions hold, an approximation elsewhere."""
        return "exact" if isinstance(cell, LinearCell) and one_ended(topology) else "approximate"

    def predict(self, circuit: TestCircuit, v_row: Array) -> Array:
        """Return V G_eff. [A]"""
        return linear_currents(circuit, v_row, circuit.conductance)


def linear_currents(circuit: TestCircuit, v_row: Array, conductance: Array) -> Array:
    """Return the currents [batch, col] of a circuit with linear cells of ``conductance``. [A]"""
    crossbar = as_built(circuit.crossbar, circuit.topology)
    silent = circuit.topology.silent
    if silent == "grounded":
        return np.asarray(v_row @ effective_conductance(conductance, crossbar))
    parts = []
    for k in range(0, len(v_row), _PATTERNS_AT_A_TIME):
        v = v_row[k : k + _PATTERNS_AT_A_TIME]
        g_eff = effective_conductance(conductance, crossbar, silent_rows=silent, active=v != 0)
        parts.append(np.einsum("bi,bij->bj", v, g_eff))
    return np.concatenate(parts)


def one_ended(topology: TopologyParams) -> bool:
    """Return whether rows are driven, and columns sensed, at one end."""
    return topology.drive == "one" and topology.sense == "one"


def as_built(crossbar: CrossbarParams, topology: TopologyParams) -> CrossbarParams:
    """Return the crossbar of the deck: leads in drivers and senses, ``R_FLOOR`` instead of zero."""
    r_driver, r_wire_row, r_wire_col, r_sense = (max(r, R_FLOOR) for r in crossbar.resistances)
    return crossbar.replace(
        r_driver=r_driver + topology.lead_row * r_wire_row,
        r_wire_row=r_wire_row,
        r_wire_col=r_wire_col,
        r_sense=r_sense + topology.lead_col * r_wire_col,
    )
