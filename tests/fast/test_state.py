"""Every cell's voltage and current, for every law and kind of silence, against the nodal oracle."""

import numpy as np
import pytest

from xbarsim.circuit import build_circuit
from xbarsim.errors import ParameterError, SolveError
from xbarsim.fast.state import array_state
from xbarsim.parameters import (
    CrossbarParams,
    LinearCell,
    PolynomialCell,
    SelectorCell,
    SinhCell,
    SubcircuitCell,
    TableCell,
    TopologyParams,
)
from xbarsim.reference.network import solve_circuit

CELLS = [
    LinearCell(),
    SinhCell(v0=0.15),
    SinhCell(v0=0.04),
    PolynomialCell(a2=0.3, a3=4.0),
    TableCell(v=(-0.5, -0.1, 0.0, 0.1, 0.5), u=(-1.6, -0.1, 0.0, 0.1, 1.6)),
    SelectorCell(),
]


@pytest.mark.parametrize("silent", ["grounded", "gated", "floating"])
@pytest.mark.parametrize("cell", CELLS, ids=range(len(CELLS)))
def test_currents_and_voltages_are_the_oracles(cell, silent, crossbar, draw):
    g = draw.uniform(2e-5, 8e-4, crossbar.shape)
    v = np.where(draw.random((4, crossbar.rows)) < 0.6, 0.4, 0.0)
    v[0] = draw.uniform(-0.2, 0.2, crossbar.rows)
    found = array_state(g, v, crossbar, cell, silent_rows=silent)
    for b, row in enumerate(v):
        active = None if silent == "grounded" else row != 0
        circuit = build_circuit(
            g, crossbar, cell=cell, topology=TopologyParams(silent=silent), active=active
        )
        oracle = solve_circuit(circuit, row)
        np.testing.assert_allclose(found.i_col[b], oracle.i_col[0], rtol=1e-10)
        for cell_ in circuit.cells:
            i, j = map(int, cell_.name.removeprefix("Rm").split("_"))
            across = (
                oracle.voltages[0, oracle.nodes[cell_.a]]
                - oracle.voltages[0, oracle.nodes[cell_.b]]
            )
            assert found.v_cell[b, i, j] == pytest.approx(across, abs=1e-11)


def test_zero_resistances_leave_the_cells_law():
    bare = CrossbarParams(rows=3, cols=2, r_driver=0, r_wire_row=0, r_wire_col=0, r_sense=0)
    g = np.array([[1e-5, 2e-5], [3e-5, 4e-5], [5e-5, 6e-5]])
    found = array_state(g, [[0.1, 0.0, 0.3]], bare, SinhCell(v0=0.2))
    law = 0.2 * np.sinh(np.array([0.1, 0.0, 0.3]) / 0.2)
    np.testing.assert_allclose(found.i_col[0], law @ g, rtol=1e-13)


def test_cells_without_such_a_law_or_that_fall_are_refused(crossbar):
    g, v = np.full(crossbar.shape, 1e-4), np.full((1, crossbar.rows), 0.5)
    with pytest.raises(ParameterError, match="only ngspice"):
        array_state(g, v, crossbar, SubcircuitCell(path="x.lib", subckt="x"))
    with pytest.raises(SolveError, match="slope"):
        array_state(g, v, crossbar, PolynomialCell(a3=-200.0))
