"""This module is Newton's method as a candidate: exact for the cell laws that it knows."""

import numpy as np

from xbarsim.errors import ParameterError
from xbarsim.fast import CellLaw, PolynomialLaw, SinhLaw, nonlinear_currents
from xbarsim.parameters import CellParams, PolynomialCell, SinhCell, TopologyParams
from xbarsim.validation.circuits import TestCircuit
from xbarsim.validation.models.exact import one_ended, with_leads
from xbarsim.validation.models.protocol import Array, Standing, Unfitted


class Nonlinear(Unfitted):
    """A linear solve a Newton step, pattern by pattern where silent rows are gated."""

    name = "nonlinear"

    def standing(self, topology: TopologyParams, cell: CellParams) -> Standing:
        """Return ``absent`` for linear cells, laws it does not know, and floating rows."""
        if cell_law(cell) is None or topology.silent == "floating":
            return "absent"
        return "exact" if one_ended(topology) else "approximate"

    def predict(self, circuit: TestCircuit, v_row: Array) -> Array:
        """Return the currents of the nonlinear array. [A]"""
        law = cell_law(circuit.cell)
        if law is None:
            msg = f"the nonlinear model knows no law for {circuit.cell.kind!r} cells"
            raise ParameterError(msg)
        crossbar = with_leads(circuit.crossbar, circuit.topology)
        if circuit.topology.silent == "grounded":
            return nonlinear_currents(circuit.conductance, v_row, crossbar, law).i_col
        parts = []
        for v in v_row:
            g = np.where((v != 0)[:, None], circuit.conductance, 0.0)
            parts.append(nonlinear_currents(g, v, crossbar, law).i_col)
        return np.concatenate(parts)


def cell_law(cell: CellParams) -> CellLaw | None:
    """Return the law of nonlinear cells, where the fast model has one."""
    if isinstance(cell, SinhCell):
        return SinhLaw(cell.v0)
    if isinstance(cell, PolynomialCell):
        return PolynomialLaw((cell.a2, cell.a3))
    return None
