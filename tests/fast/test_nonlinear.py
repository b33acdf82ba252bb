"""Nonlinear cells: their secant conductances, put into the nodal solve, give the same array."""

import numpy as np
import pytest

from xbarsim.circuit import build_circuit
from xbarsim.errors import ParameterError, SolveError
from xbarsim.fast import (
    PolynomialLaw,
    SinhLaw,
    TableLaw,
    cell_law,
    effective_conductance,
    nonlinear_currents,
)
from xbarsim.parameters import (
    LinearCell,
    PolynomialCell,
    SelectorCell,
    SinhCell,
    SubcircuitCell,
    TableCell,
    TopologyParams,
    TransistorCell,
    load_crossbar,
)
from xbarsim.reference import solve_circuit, solve_nodal
from xbarsim.spice import spice_currents

LAWS = [SinhLaw(0.25), PolynomialLaw((0.0, 2.0)), PolynomialLaw((0.3, 1.0, 0.0, 4.0))]
RATIOS = {
    SinhLaw: lambda law, v: law.v_0 * np.sinh(v / law.v_0) / v,
    PolynomialLaw: lambda law, v: 1 + sum(c * v ** (k + 1) for k, c in enumerate(law.coefficients)),
}


@pytest.mark.parametrize("law", LAWS)
def test_the_secant_array_is_the_same_array(law, crossbar, draw):
    g = draw.uniform(1e-5, 1e-3, crossbar.shape)
    v = draw.uniform(0.1, 0.5, (4, crossbar.rows))
    found = nonlinear_currents(g, v, crossbar, law)
    for k in range(4):
        secant = g * RATIOS[type(law)](law, found.v_cell[k])
        np.testing.assert_allclose(
            found.i_col[k], solve_nodal(secant, v[k], crossbar).i_col[0], 1e-8
        )


def test_weak_inputs_see_the_conductance_at_zero(crossbar, draw):
    g = draw.uniform(1e-5, 1e-3, crossbar.shape)
    v = 1e-6 * draw.uniform(-1, 1, (2, crossbar.rows))
    found = nonlinear_currents(g, v, crossbar, SinhLaw(0.25))
    np.testing.assert_allclose(found.i_col, v @ effective_conductance(g, crossbar), rtol=1e-8)


def test_three_steps_reach_one_in_ten_thousand(device, draw):
    """Twice the cells' voltage scale, on the paper's array."""
    crossbar = load_crossbar("bhattacharjee2022", rows=32, cols=32)
    g = draw.uniform(device.g_min, device.g_max, crossbar.shape)
    found = nonlinear_currents(g, draw.uniform(0, 0.5, (4, 32)), crossbar, SinhLaw(0.25))
    assert found.residuals[2] <= 1e-4
    assert found.residuals[-1] <= 1e-10


def test_the_sign_of_the_input_is_the_sign_of_the_output(crossbar, draw):
    g = draw.uniform(1e-5, 1e-3, crossbar.shape)
    v = draw.uniform(-0.5, 0.5, (2, crossbar.rows))
    plus, minus = (nonlinear_currents(g, s * v, crossbar, SinhLaw(0.25)) for s in (1, -1))
    np.testing.assert_allclose(plus.i_col, -minus.i_col, rtol=1e-9)


def test_no_input_is_no_current(crossbar):
    g = np.full(crossbar.shape, 1e-4)
    assert not nonlinear_currents(g, np.zeros(crossbar.rows), crossbar, SinhLaw(0.25)).i_col.any()


def test_failure_is_an_error(crossbar):
    g = np.full(crossbar.shape, 1e-4)
    v = np.ones(crossbar.rows)
    with pytest.raises(SolveError, match=r"after 1 steps.*larger tolerance"):
        nonlinear_currents(g, v, crossbar, SinhLaw(0.25), most_steps=1)
    with pytest.raises(SolveError, match=r"slope is -.*law that rises"):
        nonlinear_currents(g, v, crossbar, PolynomialLaw((0.0, -5.0)))
    with pytest.raises(SolveError, match="slope is inf"):
        nonlinear_currents(g, 1e4 * v, crossbar, SinhLaw(0.25))
    with pytest.raises(ParameterError, match=r"v_0 is 0.0 V"):
        SinhLaw(0.0)


CELLS = [
    SinhCell(v0=0.25),
    PolynomialCell(a2=0.3, a3=1.0),
    TableCell(v=(-1.0, -0.2, 0.0, 0.1, 0.3, 1.0), u=(-3.0, -0.3, 0.0, 0.1, 0.4, 2.0)),
    TransistorCell(),
    TransistorCell(v_gate=0.6),
    SelectorCell(),
    LinearCell(),
]


@pytest.mark.parametrize("slopes", ["own", "shared"])
@pytest.mark.parametrize("cell", CELLS, ids=lambda c: c.kind)
def test_every_cell_agrees_with_the_nodal_newton(cell, slopes, device, draw):
    """Twice the sinh cell's voltage scale; the second transistor saturates."""
    crossbar = load_crossbar("bhattacharjee2022", rows=7, cols=4)
    g = draw.uniform(device.g_min, device.g_max, crossbar.shape)
    v = draw.uniform(0, 0.5, (3, 7))
    found = nonlinear_currents(g, v, crossbar, cell, slopes=slopes)
    exact = solve_circuit(build_circuit(g, crossbar, cell=cell), v).i_col
    np.testing.assert_allclose(found.i_col, exact, rtol=1e-8)
    np.testing.assert_allclose(found.i_cell.sum(axis=1), found.i_col)


@pytest.mark.spice
@pytest.mark.parametrize("cell", [CELLS[2], CELLS[3], CELLS[4]], ids=lambda c: c.kind)
def test_tables_and_transistors_agree_with_ngspice(cell, device, draw):
    crossbar = load_crossbar("bhattacharjee2022", rows=7, cols=4)
    g = draw.uniform(device.g_min, device.g_max, crossbar.shape)
    v = draw.uniform(0, 0.5, (3, 7))
    found = nonlinear_currents(g, v, crossbar, cell)
    spice = spice_currents(g, v, crossbar, cell=cell).i_col
    np.testing.assert_allclose(found.i_col, spice, rtol=2e-7)


@pytest.mark.parametrize("silent_rows", ["gated", "floating"])
@pytest.mark.parametrize("cell", [SinhCell(v0=0.25), TransistorCell()], ids=lambda c: c.kind)
def test_silent_rows_of_nonlinear_cells(silent_rows, cell, device, draw):
    crossbar = load_crossbar("bhattacharjee2022", rows=6, cols=4)
    g = draw.uniform(device.g_min, device.g_max, crossbar.shape)
    active = draw.random((3, 6)) < 0.5
    active[:, 2] = True
    found = nonlinear_currents(
        g, 0.3 * active, crossbar, cell, silent_rows=silent_rows, active=active
    )
    for k, rows in enumerate(active):
        circuit = build_circuit(
            g, crossbar, cell=cell, topology=TopologyParams(silent=silent_rows), active=rows
        )
        exact = solve_circuit(circuit, 0.3 * rows).i_col[0]
        np.testing.assert_allclose(found.i_col[k], exact, rtol=1e-8)
    with pytest.raises(ParameterError, match="use slopes='own'"):
        nonlinear_currents(
            g, 0.3 * active, crossbar, cell, silent_rows=silent_rows, active=active, slopes="shared"
        )


def test_steps_are_shortened_where_they_would_overshoot(crossbar):
    """A steep piece between flat ones: full steps would jump across it for ever."""
    g = np.full(crossbar.shape, 1e-3)
    table = TableLaw((-1.0, 0.0, 0.25, 0.3, 1.0), (-0.01, 0.0, 0.0025, 30.0, 30.01))
    v = np.full((1, crossbar.rows), 0.9)
    found = nonlinear_currents(g, v, crossbar, table)
    assert found.residuals[-1] <= 1e-10
    exact = solve_nodal(found.i_cell[0] / found.v_cell[0], v, crossbar).i_col
    np.testing.assert_allclose(found.i_col, exact, rtol=1e-8)


def test_laws_that_only_ngspice_knows_are_refused(tmp_path):
    with pytest.raises(ParameterError, match=r"no law for 'subckt' cells; only ngspice"):
        cell_law(SubcircuitCell(path=tmp_path / "a.lib", subckt="a"))
    with pytest.raises(ParameterError, match="must both increase"):
        TableLaw((0.0, 1.0), (1.0, 0.0))
