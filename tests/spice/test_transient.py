"""Spike trains in time: charges are static where wires are fast, and are not where they are slow."""

import itertools

import numpy as np
import pytest
from typer.testing import CliRunner

from xbarsim.circuit import build_circuit
from xbarsim.circuit.capacitors import capacitors
from xbarsim.cli.app import app
from xbarsim.errors import ParameterError, SpiceError
from xbarsim.parameters import (
    SinhCell,
    TopologyParams,
    TransientParams,
    TransistorCell,
    load_transient,
)
from xbarsim.reference import solve_circuit
from xbarsim.spice import check_deck, spice_transient
from xbarsim.spice.charge import integrals, refuse_lost_charge
from xbarsim.spice.pulses import _activity, _pulses, transient_analysis, write_transient

pytestmark = pytest.mark.spice
FAST = TransientParams(c_wire_row=1e-16, c_wire_col=1e-16, c_cell=1e-17)


@pytest.fixture
def problem(crossbar, draw):
    g = draw.uniform(5e-6, 5e-5, crossbar.shape)
    train = 0.3 * (draw.random((4, 5)) < 0.5)
    train[1] = 0.0
    train[2:, 0] = 0.3
    return g, train, crossbar


@pytest.mark.parametrize(
    ("cell", "topology"),
    [
        (None, None),
        (TransistorCell(), None),
        (None, TopologyParams(drive="both", sense="both", lead_row=1, lead_col=1)),
    ],
)
def test_the_charge_is_static_where_wires_are_fast(cell, topology, problem):
    g, train, crossbar = problem
    found = spice_transient(g, train, crossbar, FAST, cell=cell, topology=topology)
    circuit = build_circuit(g, crossbar, cell=cell, topology=topology)
    expected = solve_circuit(circuit, train).i_col
    np.testing.assert_allclose(found.i_static, expected, rtol=1e-7, atol=1e-18)
    assert found.charge.shape == (4, 3)
    assert found.charge_difference <= 1e-4
    assert found.sample_difference <= 1e-6
    assert np.abs(found.charge[1]).max() <= 1e-6 * found.charge.max()


@pytest.mark.parametrize("silent", ["floating", "gated"])
@pytest.mark.parametrize(
    ("cell", "ends"),
    [
        (None, {}),
        (None, {"drive": "both", "sense": "both", "lead_row": 1, "lead_col": 1}),
        (SinhCell(v0=0.2), {}),
        (TransistorCell(), {"drive": "both"}),
    ],
)
def test_rows_are_silent_step_by_step(silent, cell, ends, problem):
    g, train, crossbar = problem
    g[3] = 0.0
    train[3] = [0.0, 0.2, 0.0, 0.3, 0.1]
    topology = TopologyParams(silent=silent, **ends)
    # Edges that are short beside the pulse, so that bent cells, too, deliver their static charge.
    fast = FAST if cell is None else FAST.replace(rise=2e-11)
    found = spice_transient(g, train, crossbar, fast, cell=cell, topology=topology)
    expected = np.zeros_like(found.i_static)
    for k, row in enumerate(train):
        if row.any():
            circuit = build_circuit(g, crossbar, cell=cell, topology=topology, active=row != 0)
            expected[k] = solve_circuit(circuit, row).i_col[0]
    np.testing.assert_allclose(found.i_static, expected, rtol=1e-7, atol=1e-18)
    assert found.charge_difference <= 1e-3
    assert found.sample_difference <= 1e-4
    grounded = spice_transient(
        g, train, crossbar, fast, cell=cell, topology=topology.replace(silent="grounded")
    )
    assert np.abs(grounded.charge - found.charge).max() > 0.01 * found.charge.max()


def test_a_deck_with_switches_breaks_no_rule_and_keeps_rows_without_cells_driven(problem):
    g, train, crossbar = problem
    g[3] = 0.0
    for silent in ("floating", "gated"):
        circuit = build_circuit(g, crossbar, topology=TopologyParams(silent=silent))
        text = write_transient(circuit, train, FAST)
        assert not [f for f in check_deck(text) if f.severity == "error"]
        assert ("Rd3 in_3" in text) is True
        assert ("Rd0 in_0" in text) is (silent == "gated")
        assert ("Xsw0_0 wl_0_0 sw_0_0 act_0 xbar_switch g=" in text) is (silent == "gated")


def test_a_nonlinear_cell_conducts_less_during_edges(problem):
    g, train, crossbar = problem
    steep = spice_transient(g, train, crossbar, FAST, cell=SinhCell(v0=0.1))
    slow_edges = FAST.replace(rise=2e-9)
    slow = spice_transient(g, train, crossbar, slow_edges, cell=SinhCell(v0=0.1))
    assert steep.sample_difference <= 1e-6
    assert steep.charge_difference < 0.05 < slow.charge_difference


def test_slow_wires_do_not_settle(problem):
    g, train, crossbar = problem
    slow = TransientParams(c_wire_row=1e-12, c_wire_col=1e-12)
    found = spice_transient(g, train, crossbar, slow)
    assert found.charge_difference > 0.01
    assert found.sample_difference > 0.01
    assert found.charge[1].max() > 1e-3 * found.charge.max(), "what is left arrives a step later"


def test_capacitors_stand_at_every_node_and_across_every_cell(problem):
    g, _, crossbar = problem
    circuit = build_circuit(g, crossbar, topology=TopologyParams(lead_row=1, lead_col=1))
    found = capacitors(circuit, TransientParams(c_wire_row=1e-15, c_wire_col=2e-15, c_cell=3e-15))
    count = {farad: sum(c.farad == farad for c in found) for farad in (1e-15, 2e-15, 3e-15)}
    assert count == {1e-15: 5 * 3 + 5, 2e-15: 5 * 3 + 3, 3e-15: 15}
    assert capacitors(circuit, TransientParams(c_wire_row=0, c_wire_col=0)) == ()


def test_its_deck_breaks_no_rule(problem):
    g, train, crossbar = problem
    assert check_deck(write_transient(build_circuit(g, crossbar), train, FAST)) == []


def test_pulses_have_their_stated_area():
    now = np.array([0.0, 1.0, 4.0, 5.0, 9.0])
    values = np.array([0.0, 2.0, 2.0, 0.0, 0.0])
    np.testing.assert_allclose(integrals(now, values, np.array([0.0, 9.0])), [8.0])
    parts = integrals(now, values, np.array([0.0, 0.5, 2.5, 9.0]))
    np.testing.assert_allclose(parts, [0.25, 3.75, 4.0])


def test_lost_charge_is_refused():
    now = np.array([0.0, 1.0, 2.0])
    with pytest.raises(SpiceError, match="arrived"):
        refuse_lost_charge(now, np.array([0, 1.0, 0]), np.array([0, 0.9, 0]), "")
    with pytest.raises(SpiceError, match="not finite"):
        refuse_lost_charge(now, np.array([0, np.nan, 0]), np.array([0, 0.9, 0]), "")


def test_what_does_not_fit_is_refused(problem):
    g, train, crossbar = problem
    with pytest.raises(ParameterError, match="do not fit"):
        TransientParams(pulse=1e-8, period=1e-8)
    with pytest.raises(ParameterError, match=r"r_wire_row has shape \(2, 2\)"):
        spice_transient(g, train, crossbar, FAST, r_wire_row=np.ones((2, 2)))


def test_the_command_says_whether_the_bit_line_settles(tmp_path):
    path = tmp_path / "slow.toml"
    path.write_text("[device]\nr_min = 1e4\nr_max = 1e5\n[transient]\nc_wire_col = 1e-12\n")
    assert load_transient(path).c_wire_col == 1e-12
    arguments = ["transient", str(path), "--rows", "3", "--cols", "2", "--vectors", "2"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "charge per step differs from static by" in result.output
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert '"charge_difference"' in result.output


@pytest.mark.parametrize(
    ("rise", "pulse", "longest"), [(1e-10, 5e-9, 2.5e-11), (4e-10, 1e-9, 2e-11)]
)
def test_steps_resolve_the_edge_and_the_pulse(rise, pulse, longest):
    """A quarter of an edge, a fiftieth of a pulse: whichever is shorter."""
    card = transient_analysis(3, TransientParams(rise=rise, pulse=pulse, period=1e-8)).split()
    assert [float(x) for x in card[1:]] == pytest.approx([longest, 3e-8, 0, longest], rel=1e-12)


def test_a_pulse_that_falls_where_it_has_risen_has_no_corner_twice():
    """Times of a PWL source have to grow; powers of two keep them exact."""
    narrow = TransientParams(rise=2.0**-32, pulse=2.0**-32, period=2.0**-30)
    corners = _pulses(np.array([0.2, 0.0, 0.3]), narrow).removeprefix("PWL(").split()
    times = [float(corner) for corner in corners[::2]]
    assert times[:3] == [0, narrow.rise, 2 * narrow.rise]
    assert all(a < b for a, b in itertools.pairwise(times))


def test_a_row_that_stays_as_it_is_has_a_constant_switch():
    """One step or many: no edge, and the state of the first step."""
    assert [_activity(np.array(x), FAST) for x in ([True], [False], [True, True])] == [
        "1",
        "0",
        "1",
    ]
