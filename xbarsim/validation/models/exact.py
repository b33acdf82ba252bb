"""This module is the exact linear model as a candidate, whatever happens to silent rows."""

import numpy as np

from xbarsim.circuit import R_FLOOR
from xbarsim.fast import effective_conductance
from xbarsim.parameters import CellParams, CrossbarParams, LinearCell, TopologyParams
from xbarsim.validation.circuits import TestCircuit
from xbarsim.validation.models.protocol import Array, Standing, Unfitted

_PATTERNS_AT_A_TIME = 64


class Exact(Unfitted):
    """The effective conductance; exact for linear cells, whichever ends are driven and sensed."""

    name = "exact"

    def standing(self, topology: TopologyParams, cell: CellParams) -> Standing:
        """Exact where its assumption holds, an approximation elsewhere."""
        _ = topology
        return "exact" if isinstance(cell, LinearCell) else "approximate"

    def predict(self, circuit: TestCircuit, v_row: Array) -> Array:
        """Return V G_eff. [A]"""
        return linear_currents(circuit, v_row, circuit.conductance)


def linear_currents(circuit: TestCircuit, v_row: Array, conductance: Array) -> Array:
    """Return the currents [batch, col] of a circuit with linear cells of ``conductance``. [A]"""
    crossbar, topology = at_floor(circuit.crossbar), circuit.topology
    if topology.silent == "grounded":
        return np.asarray(v_row @ effective_conductance(conductance, crossbar, topology=topology))
    parts = []
    for k in range(0, len(v_row), _PATTERNS_AT_A_TIME):
        v = v_row[k : k + _PATTERNS_AT_A_TIME]
        g_eff = effective_conductance(conductance, crossbar, topology=topology, active=v != 0)
        parts.append(np.einsum("bi,bij->bj", v, g_eff))
    return np.concatenate(parts)


def one_ended(topology: TopologyParams) -> bool:
    """Return whether rows are driven, and columns sensed, at one end."""
    return topology.drive == "one" and topology.sense == "one"


def at_floor(crossbar: CrossbarParams) -> CrossbarParams:
    """Return the crossbar of the deck, which says ``R_FLOOR`` instead of zero."""
    names = ("r_driver", "r_wire_row", "r_wire_col", "r_sense")
    return crossbar.replace(**{name: max(getattr(crossbar, name), R_FLOOR) for name in names})


def with_leads(crossbar: CrossbarParams, topology: TopologyParams) -> CrossbarParams:
    """Return the crossbar of the deck for a model that knows no leads: they join driver and sense."""
    floored = at_floor(crossbar)
    return floored.replace(
        r_driver=floored.r_driver + topology.lead_row * floored.r_wire_row,
        r_sense=floored.r_sense + topology.lead_col * floored.r_wire_col,
    )
