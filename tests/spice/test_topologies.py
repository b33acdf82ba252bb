"""Every topology through both engines against the general nodal solve, which reads node names only."""

import itertools

import numpy as np
import pytest

from xbarsim.circuit import build_circuit
from xbarsim.errors import ParameterError
from xbarsim.parameters import CrossbarParams, TopologyParams
from xbarsim.reference import solve_circuit, solve_nodal
from xbarsim.spice import spice_currents

pytestmark = pytest.mark.spice
GRID = list(
    itertools.product(("one", "both"), ("one", "both"), ("grounded", "floating", "gated"), (0, 2))
)


def problem(draw, crossbar):
    g = draw.uniform(5e-6, 5e-5, crossbar.shape)
    g[1, 2] = 0.0
    v = draw.uniform(0.02, 0.2, (4, crossbar.rows))
    v[1:, [0, 3]] = 0.0
    return g, v


def oracle(g, v, crossbar, topology, **wires):
    silent = topology.silent != "grounded"
    return np.concatenate([
        solve_circuit(
            build_circuit(
                g, crossbar, topology=topology, active=(row != 0) if silent else None, **wires
            ),
            row,
        ).i_col
        for row in v
    ])  # fmt: skip


@pytest.mark.parametrize(("drive", "sense", "silent", "lead"), GRID)
def test_ngspice_agrees_with_the_nodal_solve_of_every_topology(
    drive, sense, silent, lead, crossbar, draw
):
    topology = TopologyParams(
        drive=drive, sense=sense, silent=silent, lead_row=lead, lead_col=lead // 2
    )
    g, v = problem(draw, crossbar)
    expected = oracle(g, v, crossbar, topology)
    runs = [
        spice_currents(g, v, crossbar, topology=topology, engine=e).i_col
        for e in ("pyspice", "batch")
    ]
    scale = np.abs(expected).max()
    assert np.abs(runs[0] - expected).max() <= 1e-11 * scale
    np.testing.assert_allclose(runs[0], runs[1], rtol=1e-12)


def test_the_plain_array_is_what_the_first_oracle_solves(crossbar, draw):
    g, v = problem(draw, crossbar)
    found = solve_circuit(build_circuit(g, crossbar), v)
    np.testing.assert_allclose(found.i_col, solve_nodal(g, v, crossbar).i_col, rtol=1e-12)
    np.testing.assert_allclose(found.i_row.sum(axis=1), found.i_col.sum(axis=1), rtol=1e-11)


def test_each_wire_segment_may_have_its_own_resistance(crossbar, draw):
    g, v = problem(draw, crossbar)
    wires = {
        "r_wire_row": draw.uniform(1, 40, (crossbar.rows, crossbar.cols - 1)),
        "r_wire_col": draw.uniform(1, 40, (crossbar.rows - 1, crossbar.cols)),
    }
    expected = oracle(g, v, crossbar, TopologyParams(), **wires)
    found = spice_currents(g, v, crossbar, **wires).i_col
    assert np.abs(found - expected).max() <= 1e-11 * np.abs(expected).max()
    assert np.abs(found - solve_nodal(g, v, crossbar).i_col).max() > 1e-4 * np.abs(found).max()
    even = {name: np.full(ohms.shape, getattr(crossbar, name)) for name, ohms in wires.items()}
    assert build_circuit(g, crossbar, **even) == build_circuit(g, crossbar)
    with pytest.raises(ParameterError, match=r"r_wire_row has shape \(2, 2\)"):
        build_circuit(g, crossbar, r_wire_row=np.ones((2, 2)))
    with pytest.raises(ParameterError, match=r"r_wire_col\[0, 0\] is"):
        build_circuit(g, crossbar, r_wire_col=-np.ones((4, 3)))


def test_more_ends_lose_less_and_gated_rows_draw_nothing(crossbar, draw):
    g, v = problem(draw, crossbar)
    total = {
        drive: spice_currents(g, v, crossbar, topology=TopologyParams(drive=drive)).i_col.sum()
        for drive in ("one", "both")
    }
    assert total["both"] > total["one"]
    gated = spice_currents(g, v, crossbar, topology=TopologyParams(silent="gated"))
    assert np.all(gated.i_row[1:, [0, 3]] == 0)


def test_when_every_row_floats_nothing_flows(crossbar):
    found = spice_currents(
        np.full(crossbar.shape, 1e-5), np.zeros((1, 5)), crossbar,
        topology=TopologyParams(silent="floating"),
    )  # fmt: skip
    assert np.all(found.i_col == 0)
    assert "no row is driven" in found.provenance.method


def test_a_voltage_on_a_silent_row_is_refused(crossbar):
    g, v = np.full(crossbar.shape, 1e-5), np.full((1, 5), 0.1)
    with pytest.raises(ParameterError, match=r"v_row\[0, 2\] is .* row 2 is silent"):
        spice_currents(g, v, crossbar, active=np.array([True, True, False, True, True]))
    with pytest.raises(ParameterError, match="give booleans"):
        spice_currents(g, v, crossbar, active=[1, 0])


def test_more_vectors_than_rows_run_as_a_transfer_matrix(crossbar, draw):
    g = draw.uniform(5e-6, 5e-5, crossbar.shape)
    v = draw.uniform(-0.2, 0.2, (9, 5))
    auto = spice_currents(g, v, crossbar)
    assert "transfer matrix of 5 unit vectors" in auto.provenance.method
    assert auto.provenance.method.startswith("pyspice")
    sweep = spice_currents(g, v, crossbar, method="sweep")
    assert ".dc Vidx 0 8 1" in sweep.provenance.method
    scale = np.abs(sweep.i_col).max()
    assert np.abs(auto.i_col - sweep.i_col).max() <= 1e-11 * scale
    assert np.abs(auto.i_row - sweep.i_row).max() <= 1e-11 * np.abs(sweep.i_row).max()


def test_a_large_array_runs_in_a_process_of_its_own(draw):
    g = draw.uniform(5e-6, 5e-5, (20, 20))
    found = spice_currents(g, np.full((1, 20), 0.1), CrossbarParams(rows=20, cols=20))
    assert found.provenance.method.startswith("batch")
