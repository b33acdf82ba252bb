"""Bugs that were found in other crossbar simulators; each is a test, named by where it was."""

import numpy as np
import pytest
import torch
from torch import nn

from xbarsim.circuit import build_circuit
from xbarsim.errors import SolveError
from xbarsim.fast import closed_form_conductance, effective_conductance, iterative, solve_array
from xbarsim.hardware import to_crossbar
from xbarsim.parameters import CrossbarParams
from xbarsim.reference import solve_nodal
from xbarsim.spice import spice_currents, write_netlist
from xbarsim.spice.reader import read_deck

NAMES = ("r_driver", "r_wire_row", "r_wire_col", "r_sense")


def by_hand(g, crossbar, driver_at=None):
    """Solve Kirchhoff's laws densely, from the drawing in docs/circuit.md; returns [row, col].

    With ``driver_at`` the drivers' resistance is put where CrossSim 3.2 puts it.
    """
    rows, cols = g.shape
    size = 2 * rows * cols
    y, source = np.zeros((size, size)), np.zeros((size, rows))

    def join(a, b, siemens):
        y[a, a] += siemens
        y[b, b] += siemens
        y[a, b] -= siemens
        y[b, a] -= siemens

    word = np.arange(rows * cols).reshape(rows, cols)
    bit = word + rows * cols
    segment = np.full((rows, cols), crossbar.r_wire_row)
    lead = np.full(rows, crossbar.r_driver)
    if driver_at == "row 0":
        segment[0] += crossbar.r_driver
        lead = np.full(rows, crossbar.r_wire_row)
        lead[0] += crossbar.r_driver
    for i in range(rows):
        y[word[i, 0], word[i, 0]] += 1 / lead[i]
        source[word[i, 0], i] = 1 / lead[i]
        for j in range(cols):
            join(word[i, j], bit[i, j], g[i, j])
            if j:
                join(word[i, j - 1], word[i, j], 1 / segment[i, j])
            if i:
                join(bit[i - 1, j], bit[i, j], 1 / crossbar.r_wire_col)
    for j in range(cols):
        y[bit[-1, j], bit[-1, j]] += 1 / crossbar.r_sense
    voltages = np.linalg.solve(y, source)
    return (voltages[bit[-1]] / crossbar.r_sense).T


@pytest.fixture
def case(draw):
    crossbar = CrossbarParams(
        rows=16, cols=11, r_driver=300.0, r_wire_row=5.0, r_wire_col=10.0, r_sense=170.0
    )
    return draw.uniform(5e-6, 5e-5, crossbar.shape), crossbar


def test_crosssim_the_row_terminals_resistance_is_in_every_row_once(case):
    """CrossSim 3.2 adds it to every segment of row 0 and to no other row: 8.7 % off at 300 ohm."""
    g, crossbar = case
    right, wrong = by_hand(g, crossbar), by_hand(g, crossbar, "row 0")
    found = effective_conductance(g, crossbar)
    np.testing.assert_allclose(found, right, rtol=0, atol=1e-12 * right.max())
    np.testing.assert_allclose(solve_nodal(g, np.eye(16), crossbar).i_col, right, atol=1e-12 * 5e-5)
    assert np.abs(found - wrong).max() > 0.05 * right.max()


def test_crosssim_rows_and_columns_are_not_swapped(case):
    """CrossSim issue 18: parasitics of rows and columns swapped where columns are the inputs."""
    g, crossbar = case
    swapped = crossbar.replace(
        rows=11, cols=16, r_driver=170.0, r_wire_row=10.0, r_wire_col=5.0, r_sense=300.0
    )
    turned = effective_conductance(g[::-1, ::-1].T.copy(), swapped)
    np.testing.assert_allclose(effective_conductance(g, crossbar), turned[::-1, ::-1].T, rtol=1e-11)


def test_crosssim_nobodys_arrays_are_written_to(case):
    """CrossSim multiplies its caller's matrix by the active inputs, in place."""
    g, crossbar = case
    kept, v = g.copy(), np.linspace(0, 1, 16)[None]
    before = v.copy()
    for array in (g, v):
        array.flags.writeable = False
    effective_conductance(g, crossbar)
    solve_nodal(g, v, crossbar)
    solve_array(g, v, crossbar)
    closed_form_conductance(g, crossbar)
    np.testing.assert_array_equal(g, kept)
    np.testing.assert_array_equal(v, before)


def test_crosssim_an_answer_does_not_depend_on_earlier_calls(case):
    """CrossSim keeps its convergence parameter on the object: time and answer depend on history."""
    g, crossbar = case
    first = effective_conductance(g, crossbar)
    for other in (g * 100, g * 1e-3, np.zeros_like(g)):
        effective_conductance(other, crossbar.replace(r_wire_row=900.0))
    np.testing.assert_array_equal(effective_conductance(g, crossbar), first)


def test_crosssim_what_did_not_converge_is_an_error(case, monkeypatch):
    """CrossSim returns what its loop ended with; a comment there admits that checks are missing."""
    g, crossbar = case
    monkeypatch.setattr(iterative, "MOST_STEPS", 1)
    with pytest.raises(SolveError, match=r"has a residual of .* after 1 steps"):
        solve_array(g, np.ones((1, 16)), crossbar, method="iterative")


@pytest.mark.parametrize("shape", [(3, 7), (7, 3), (1, 5), (5, 1), (1, 1), (2, 2)])
def test_memtorch_and_louisprimeau_every_shape_is_solved(shape, draw):
    """MemTorch's Python path turns a block (IndexError unless square); louisprimeau's fails."""
    crossbar = CrossbarParams(
        rows=shape[0], cols=shape[1], r_driver=40.0, r_wire_row=3.0, r_wire_col=7.0, r_sense=90.0
    )
    g = draw.uniform(1e-5, 1e-3, shape)
    wanted = by_hand(g, crossbar)
    for found in (
        effective_conductance(g, crossbar),
        solve_nodal(g, np.eye(shape[0]), crossbar).i_col,
    ):
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12 * wanted.max())


def test_memtorch_double_precision_is_kept(case):
    """MemTorch, PytorX and others solve in single precision: errors of 2e-4 to 1e-3."""
    g, crossbar = case
    wanted = by_hand(g, crossbar)
    assert np.abs(effective_conductance(g, crossbar) - wanted).max() < 1e-13 * wanted.max()


def test_cmc_a_batch_is_its_vectors_one_by_one(case, draw):
    """Crossbar_Models_Comparison: loop and fast version differ, as one takes max(V) for every V_i."""
    g, crossbar = case
    v = draw.uniform(-1, 1, (5, 16))
    together = solve_nodal(g, v, crossbar).i_col
    fast = v @ effective_conductance(g, crossbar)
    inside = solve_array(g, v, crossbar).i_col
    for k in range(5):
        alone = solve_nodal(g, v[k : k + 1], crossbar).i_col[0]
        scale = np.abs(alone).max()
        for found in (
            together[k],
            fast[k],
            inside[k],
            solve_array(g, v[k : k + 1], crossbar).i_col[0],
        ):
            np.testing.assert_allclose(found, alone, rtol=0, atol=1e-11 * scale)


@pytest.mark.spice
def test_analoglib_the_relative_loss_does_not_depend_on_the_voltage(case):
    """analoglib's loss is g (1 - r V sum G): four times the voltage, four times the relative loss."""
    g, crossbar = case
    v = np.linspace(0.05, 0.25, 16)[None]
    for solve in (
        lambda u: spice_currents(g, u, crossbar).i_col,
        lambda u: solve_nodal(g, u, crossbar).i_col,
        lambda u: solve_array(g, u, crossbar).i_col,
    ):
        low, high = solve(v), solve(4 * v)
        np.testing.assert_allclose(high, 4 * low, rtol=1e-9)
        loss = 1 - low / (v @ g)
        assert (loss > 0.05).all()


def test_analoglib_an_exported_deck_has_its_wires(case):
    """analoglib's SPICE export has no wires, so its own check could not see its error."""
    g, crossbar = case
    deck = read_deck(write_netlist(build_circuit(g, crossbar), np.ones((1, 16))))
    ohm = [e.value for e in deck.elements if e.kind == "r"]
    rows, cols = g.shape
    counts = {5.0: rows * (cols - 1), 10.0: (rows - 1) * cols, 300.0: rows, 170.0: cols}
    assert {r: ohm.count(r) for r in counts} == counts
    assert len(ohm) == sum(counts.values()) + rows * cols


@pytest.mark.parametrize("name", NAMES)
def test_spikesim_and_mnsim_every_resistance_counts_from_deck_to_network(name, case, device):
    """SpikeSim's released code has r = 0; MNSIM reads wire and load resistance and uses neither."""
    g, crossbar = case
    more = crossbar.replace(**{name: 2 * getattr(crossbar, name)})
    decks = [write_netlist(build_circuit(g, c), np.ones((1, 16))) for c in (crossbar, more)]
    assert decks[0] != decks[1]
    fast = [effective_conductance(g, c) for c in (crossbar, more)]
    assert np.abs(fast[0] - fast[1]).max() > 1e-3 * fast[0].max()
    torch.manual_seed(1)
    net = nn.Linear(16, 4)
    x = torch.rand(8, 16)
    hardware = [to_crossbar(net, c, device, allow_unvalidated=True)(x) for c in (crossbar, more)]
    assert (hardware[0] - hardware[1]).abs().max() > 1e-4


def test_spikesim_nothing_is_printed_or_written_beside_the_user(
    case, device, tmp_path, monkeypatch, capfd
):
    """SpikeSim prints inside its solver and writes to a fixed folder of the working directory."""
    g, crossbar = case
    monkeypatch.chdir(tmp_path)
    effective_conductance(g, crossbar)
    to_crossbar(nn.Linear(16, 4), crossbar, device, allow_unvalidated=True)(torch.rand(2, 16))
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_aihwkit_wires_do_not_vanish_in_training_mode(case, device):
    """aihwkit's transient IR-drop model is silently off while training."""
    _, crossbar = case
    torch.manual_seed(1)
    hardware = to_crossbar(nn.Linear(16, 4), crossbar, device, allow_unvalidated=True)
    x = torch.rand(3, 16)
    torch.testing.assert_close(hardware.train()(x), hardware.eval()(x), rtol=0, atol=0)


def test_aihwkit_the_linear_model_is_linear(case, draw):
    """aihwkit's IR drop is no linear operator, and diverges at 256 columns (70 times the current)."""
    g, crossbar = case
    a, b = draw.uniform(-1, 1, (2, 1, 16))
    parts = [solve_array(g, v, crossbar).i_col for v in (a, b, 2 * a - 3 * b)]
    wanted = 2 * parts[0] - 3 * parts[1]
    np.testing.assert_allclose(parts[2], wanted, rtol=0, atol=1e-11 * np.abs(wanted).max())
    large = CrossbarParams(rows=256, cols=256, r_wire_row=5.0, r_wire_col=10.0)
    wide = draw.uniform(5e-6, 5e-5, large.shape)
    found = effective_conductance(wide, large)
    assert (found > 0).all()
    assert (found <= wide).all()


@pytest.mark.spice
def test_badcrossbar_one_vector_keeps_its_axis(case):
    """badcrossbar's shapes change when there is one input."""
    g, crossbar = case
    v = np.ones((1, 16))
    assert solve_nodal(g, v, crossbar).i_col.shape == (1, 11)
    assert solve_array(g, v, crossbar).i_col.shape == (1, 11)
    assert spice_currents(g, v, crossbar).i_col.shape == (1, 11)


def test_badcrossbar_there_is_no_extra_segment_at_the_ends():
    """badcrossbar always puts one wire segment between source or sink and the first cell."""
    crossbar = CrossbarParams(
        rows=1, cols=1, r_driver=10.0, r_wire_row=1e4, r_wire_col=1e4, r_sense=20.0
    )
    found = effective_conductance(np.array([[1e-2]]), crossbar)
    assert found[0, 0] == pytest.approx(1 / (10 + 100 + 20), rel=1e-14)
