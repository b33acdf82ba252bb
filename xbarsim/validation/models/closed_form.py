"""This module is the closed-form model as a candidate; it knows grounded rows only."""

from xbarsim.fast import closed_form_conductance
from xbarsim.parameters import CellParams, TopologyParams
from xbarsim.validation.circuits import TestCircuit
from xbarsim.validation.models.exact import with_leads
from xbarsim.validation.models.protocol import Array, Standing, Unfitted


class ClosedForm(Unfitted):
    """Wires lumped into cells, with two corrections."""

    name = "closed_form"

    def standing(self, topology: TopologyParams, cell: CellParams) -> Standing:
        """Return ``approximate``, or ``absent`` where silence depends on the pattern."""
        _ = cell
        return "approximate" if topology.silent == "grounded" else "absent"

    def predict(self, circuit: TestCircuit, v_row: Array) -> Array:
        """Return V G_closed. [A]"""
        crossbar = with_leads(circuit.crossbar, circuit.topology)
        currents: Array = v_row @ closed_form_conductance(circuit.conductance, crossbar)
        return currents
