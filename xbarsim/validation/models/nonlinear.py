"""This module is Newton's method as a candidate: exact for the cell laws that it knows."""

from xbarsim.fast import nonlinear_currents
from xbarsim.parameters import CellParams, LinearCell, SubcircuitCell, TopologyParams
from xbarsim.validation.circuits import TestCircuit
from xbarsim.validation.models.exact import one_ended, with_leads
from xbarsim.validation.models.protocol import Array, Standing, Unfitted


class Nonlinear(Unfitted):
    """A linear solve a Newton step, pattern by pattern where silent rows float or are gated."""

    name = "nonlinear"

    def standing(self, topology: TopologyParams, cell: CellParams) -> Standing:
        """Return ``absent`` for linear cells, and for laws that only ngspice knows."""
        if isinstance(cell, LinearCell | SubcircuitCell):
            return "absent"
        return "exact" if one_ended(topology) else "approximate"

    def predict(self, circuit: TestCircuit, v_row: Array) -> Array:
        """Return the currents of the nonlinear array. [A]"""
        return nonlinear_currents(
            circuit.conductance, v_row, with_leads(circuit.crossbar, circuit.topology),
            circuit.cell, silent_rows=circuit.topology.silent, active=v_row != 0,
        ).i_col  # fmt: skip
