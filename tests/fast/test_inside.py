"""Voltages, currents and power inside an array, against the nodal solve and Kirchhoff's laws."""

import numpy as np
import pytest
from array_problems import Problem, problems
from hypothesis import given
from hypothesis import strategies as st

from xbarsim.circuit import build_circuit
from xbarsim.errors import ParameterError
from xbarsim.fast import effective_conductance, solve_array
from xbarsim.parameters import TopologyParams
from xbarsim.reference import solve_circuit, solve_nodal


def inputs(problem, count=3):
    draw = np.random.default_rng(problem.seed)
    return draw.uniform(-1, 1, (count, problem.crossbar.rows))


@given(problem=problems(floating=False))
def test_voltages_are_those_of_the_nodal_solve(problem):
    plain = Problem(
        problem.g, problem.crossbar, TopologyParams(), None, None, problem.active, problem.seed
    )
    v = inputs(problem)
    exact = solve_nodal(problem.g, v, problem.crossbar)
    found = solve_array(plain.g, v, plain.crossbar, **plain.options)
    np.testing.assert_allclose(found.v_word, exact.v_word, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.v_bit, exact.v_bit, rtol=0, atol=1e-10)


@pytest.mark.parametrize("ends", ["one", "both"])
def test_every_node_of_every_topology(crossbar, draw, ends):
    topology = TopologyParams(drive=ends, sense="both", lead_row=2, lead_col=1, silent="floating")
    g, v = draw.uniform(1e-5, 1e-3, crossbar.shape), draw.uniform(0, 1, (2, 5))
    options = {
        "topology": topology, "active": np.array([True, False, True, True, False]),
        "r_wire_row": draw.uniform(1, 50, (5, 2)), "r_wire_col": draw.uniform(1, 50, (4, 3)),
    }  # fmt: skip
    exact = solve_circuit(build_circuit(g, crossbar, **options), v)
    found = solve_array(g, v, crossbar, **options)
    for line, voltages in (("wl", found.v_word), ("bl", found.v_bit)):
        for i, j in np.ndindex(*crossbar.shape):
            node = exact.voltages[:, exact.nodes[f"{line}_{i}_{j}"]]
            np.testing.assert_allclose(voltages[:, i, j], node, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.i_row, exact.i_row, rtol=0, atol=1e-15)
    np.testing.assert_allclose(found.i_col, exact.i_col, rtol=0, atol=1e-15)


@given(problem=problems())
def test_currents_are_those_of_the_matrix(problem):
    v = inputs(problem)
    found = solve_array(problem.g, v, problem.crossbar, silent_rows="floating", **problem.options)
    g_eff = effective_conductance(
        problem.g, problem.crossbar, silent_rows="floating", **problem.options
    )
    np.testing.assert_allclose(found.i_col, v @ g_eff, rtol=0, atol=1e-9 * problem.g.max())
    np.testing.assert_allclose(found.i_ends.sum(-1), found.i_col, rtol=0, atol=1e-14)


@given(problem=problems())
def test_no_current_is_lost(problem):
    """What the drivers give, the sense resistors take."""
    v = inputs(problem)
    found = solve_array(problem.g, v, problem.crossbar, silent_rows="floating", **problem.options)
    gap = found.i_row.sum(axis=1) - found.i_col.sum(axis=1)
    np.testing.assert_allclose(gap, 0, atol=1e-9 * problem.g.max())
    assert (found.power >= found.cell_power.sum(axis=(1, 2)) * (1 - 1e-9) - 1e-15).all()


@given(problem=problems(), factor=st.floats(-5, 5))
def test_inputs_superpose(problem, factor):
    a, b = inputs(problem, 2)
    options = {"silent_rows": "floating", **problem.options}
    v = np.stack([a, b, a + factor * b])
    x, y, sum_of_both = solve_array(problem.g, v, problem.crossbar, **options).v_bit
    np.testing.assert_allclose(sum_of_both, x + factor * y, rtol=0, atol=1e-9)


def test_without_wires_all_power_is_in_the_cells(crossbar, draw):
    bare = crossbar.replace(r_driver=0.0, r_wire_row=0.0, r_wire_col=0.0, r_sense=0.0)
    g, v = draw.uniform(1e-5, 1e-3, crossbar.shape), draw.uniform(0, 1, (2, 5))
    found = solve_array(g, v, bare)
    np.testing.assert_allclose(found.power, found.cell_power.sum(axis=(1, 2)), rtol=1e-12)
    np.testing.assert_allclose(found.power, (v**2 @ g).sum(axis=1), rtol=1e-12)


def test_what_does_not_fit_is_refused(crossbar):
    with pytest.raises(ParameterError, match="v_row has shape"):
        solve_array(np.ones((5, 3)), np.ones((2, 3)), crossbar)
