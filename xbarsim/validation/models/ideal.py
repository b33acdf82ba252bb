"""This module is the baseline that every model is shown beside: an array without wires."""

from xbarsim.fast import ideal_currents
from xbarsim.parameters import CellParams, TopologyParams
from xbarsim.validation.circuits import TestCircuit
from xbarsim.validation.models.protocol import Array, Standing, Unfitted


class Ideal(Unfitted):
    """Ohm's law alone, I = V G."""

    name = "ideal"

    def standing(self, topology: TopologyParams, cell: CellParams) -> Standing:
        """Always the baseline."""
        _ = topology, cell
        return "baseline"

    def predict(self, circuit: TestCircuit, v_row: Array) -> Array:
        """Return V G. [A]"""
        return ideal_currents(circuit.conductance, v_row)
