"""Every kind of cell in ngspice, through both engines, against a Newton solve written from physics."""

import numpy as np
import pytest

from xbarsim.circuit import build_circuit
from xbarsim.errors import ParameterError, SpiceError
from xbarsim.parameters import (
    CrossbarParams,
    LinearCell,
    PolynomialCell,
    SelectorCell,
    SinhCell,
    SubcircuitCell,
    TableCell,
    TopologyParams,
    TransistorCell,
)
from xbarsim.reference import solve_circuit
from xbarsim.reference.cells import cell_current
from xbarsim.spice import spice_currents

pytestmark = pytest.mark.spice
TABLE = TableCell(v=(-1.0, -0.2, 0.0, 0.1, 0.4, 1.0), u=(-1.5, -0.2, 0.0, 0.1, 0.5, 2.0))
CELLS = {
    "linear": (LinearCell(), 1e-11),
    "sinh": (SinhCell(v0=0.2), 1e-9),
    "polynomial": (PolynomialCell(a2=0.3, a3=1.2), 1e-9),
    "table": (TABLE, 1e-11),
    "1t1r": (TransistorCell(), 1e-9),
    "saturated 1t1r": (TransistorCell(width=2e-8, v_gate=0.6), 1e-8),
    "1s1r": (SelectorCell(), 1e-9),
}


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("topology", [None, TopologyParams(drive="both", sense="both", lead_row=1)])
def test_ngspice_agrees_with_newton(kind, topology, crossbar, draw):
    cell, allowed = CELLS[kind]
    g = draw.uniform(5e-6, 5e-5, crossbar.shape)
    v = draw.uniform(-0.2, 0.5, (4, 5))
    v[2] = 0.0
    circuit = build_circuit(g, crossbar, cell=cell, topology=topology)
    expected = solve_circuit(circuit, v).i_col
    found = [
        spice_currents(g, v, crossbar, cell=cell, topology=topology, engine=e).i_col
        for e in ("pyspice", "batch")
    ]
    assert np.abs(found[0] - expected).max() <= allowed * np.abs(expected).max()
    np.testing.assert_allclose(found[0], found[1], rtol=1e-12, atol=1e-18)


@pytest.mark.parametrize("kind", CELLS)
def test_slopes_are_derivatives_and_small_voltages_see_the_conductance(kind, draw):
    cell, _ = CELLS[kind]
    g, step = draw.uniform(5e-6, 5e-5, 40), 1e-6
    a, b = draw.uniform(-0.3, 0.5, 40), draw.uniform(0.0, 0.1, 40)
    _, by_a, by_b = cell_current(cell, g, a, b)
    for slope, da, db in ((by_a, step, 0), (by_b, 0, step)):
        high, low = (cell_current(cell, g, a + s * da, b + s * db)[0] for s in (0.5, -0.5))
        close = np.isclose((high - low) / step, slope, rtol=1e-4, atol=1e-11)
        assert close.sum() >= 38, "two samples may straddle a corner"
    current, *_ = cell_current(cell, g, np.full(40, 1e-7), np.zeros(40))
    assert np.all(current <= g * 1e-7 * (1 + 1e-6))


def test_an_active_nonlinear_cell_has_no_transfer_matrix(crossbar):
    with pytest.raises(SpiceError, match="no transfer matrix"):
        spice_currents(
            np.full(crossbar.shape, 1e-5), np.ones((1, 5)), crossbar, cell=SinhCell(),
            method="transfer",
        )  # fmt: skip


def test_a_table_must_be_monotone_and_cover_the_inputs(crossbar):
    with pytest.raises(ParameterError, match="must both increase"):
        TableCell(v=(0.0, 1.0), u=(1.0, 0.5))
    with pytest.raises(ParameterError, match="give two pairs"):
        TableCell(v=(0.0, 1.0), u=(1.0,))
    with pytest.raises(ParameterError, match=r"cells may see ±3\.0 V"):
        spice_currents(np.full(crossbar.shape, 1e-5), np.full((1, 5), 3.0), crossbar, cell=TABLE)


def test_a_transistor_that_never_opens_is_refused():
    with pytest.raises(ParameterError, match=r"v_gate is 0\.3 V, not above vt0"):
        TransistorCell(v_gate=0.3)


OWN = """* my device
.include "inner/model.inc"
.subckt Mine p n params: g=1u
Rx p m {0.5/g}
+
Bx m n I=2*g*V(m,n)
.ends
"""


def own_cell(folder, text=OWN, **changes):
    (folder / "inner").mkdir(exist_ok=True)
    (folder / "inner" / "model.inc").write_text("* nothing yet\n.param unused=1\n")
    (folder / "mine.lib").write_text(text)
    return SubcircuitCell(**{"path": folder / "mine.lib", "subckt": "Mine", **changes})


@pytest.mark.parametrize("engine", ["pyspice", "batch"])
def test_the_users_own_subcircuit_runs(engine, tmp_path, crossbar, draw):
    g = draw.uniform(5e-6, 5e-5, crossbar.shape)
    v = draw.uniform(0, 0.2, (2, 5))
    found = spice_currents(g, v, crossbar, cell=own_cell(tmp_path), engine=engine)
    linear = spice_currents(g, v, crossbar)
    np.testing.assert_allclose(found.i_col, linear.i_col, rtol=1e-9)
    with pytest.raises(ParameterError, match="only ngspice can solve"):
        solve_circuit(build_circuit(g, crossbar, cell=own_cell(tmp_path)), v)


def test_a_third_pin_is_a_gate(tmp_path, draw):
    crossbar = CrossbarParams(rows=2, cols=2)
    text = ".subckt Mine p n gate g=1\nBx p n I=g*V(p,n)*V(gate)\n.ends\n"
    cell = own_cell(tmp_path, text, v_gate=0.5)
    g = draw.uniform(5e-6, 5e-5, (2, 2))
    v = np.array([[0.1, 0.2]])
    found = spice_currents(g, v, crossbar, cell=cell, engine="batch")
    np.testing.assert_allclose(found.i_col, spice_currents(g / 2, v, crossbar).i_col, rtol=1e-9)


@pytest.mark.parametrize(
    ("card", "match"),
    [
        (".control\nshell touch pwned\n.endc", r"\.control is refused"),
        (".exec touch pwned", r"\.exec is refused"),
        ("shell touch pwned", "refused"),
        ("!touch pwned", "not an element"),
        (".include ../secret", "outside the device's folder"),
        (".include /etc/passwd", "outside the device's folder"),
        (".lib /etc/passwd x", r"\.lib is refused"),
        (".options rshunt=1", r"\.options is refused"),
        (".print v(1)", r"\.print is refused"),
        ("A1 a b filesrc", "not an element"),
        ("B9 a b V=table(file=x)", "names a command or a file"),
        ("R1 a b 1\x0b.control", "control or non-ASCII"),
        ("R1 a b 1\r.control", r"\.control is refused"),
        (".con\n+trol", r"refused"),
    ],
)
def test_a_device_file_that_would_act_is_refused(card, match, tmp_path, crossbar):
    cell = own_cell(tmp_path, OWN + card + "\n")
    with pytest.raises(ParameterError, match=match):
        spice_currents(np.full(crossbar.shape, 1e-5), np.ones((1, 5)), crossbar, cell=cell)
    assert not list(tmp_path.glob("**/pwned"))


def test_a_link_out_of_the_folder_is_refused(tmp_path):
    from xbarsim.spice.foreign import read_device

    (tmp_path / "device").mkdir()
    (tmp_path / "outside.inc").write_text("* outside\n")
    (tmp_path / "device" / "link.inc").symlink_to(tmp_path / "outside.inc")
    with pytest.raises(ParameterError, match="outside the device's folder"):
        read_device(own_cell(tmp_path / "device", OWN + ".include link.inc\n"))


@pytest.mark.parametrize(
    ("text", "changes", "match"),
    [
        (OWN, {"subckt": "Other"}, "defines no .subckt Other"),
        (OWN, {"v_gate": 1.0}, "has 2 pins; a cell has 3"),
        (OWN, {"parameter": "conductance"}, "no parameter conductance="),
        (".include mine.lib\n", {}, "does a file include itself"),
        (OWN + "V9 in_0 0 5\n", {}, "stands outside a .subckt"),
        (OWN + ".ends\n", {}, "stands outside a .subckt"),
        (OWN.replace(".ends", ""), {}, "1 .subckt without .ends"),
    ],
)
def test_a_file_that_does_not_fit_a_cell_is_refused(text, changes, match, tmp_path, crossbar):
    cell = own_cell(tmp_path, text, **changes)
    with pytest.raises(ParameterError, match=match):
        spice_currents(np.full(crossbar.shape, 1e-5), np.ones((1, 5)), crossbar, cell=cell)


@pytest.mark.parametrize("name", ["x\n.control", "a b", "a;b", "", "é"])
def test_names_cannot_carry_cards(name, tmp_path):
    with pytest.raises(ParameterError, match="letters, digits and _"):
        SubcircuitCell(path=tmp_path / "x.lib", subckt=name)
    with pytest.raises(ParameterError, match="letters, digits and _"):
        SubcircuitCell(path=tmp_path / "x.lib", subckt="x", parameter=name)


def test_a_transistor_whose_bit_line_rises_above_its_gate_is_off():
    cell = TransistorCell(v_gate=0.6, vt0=0.4)
    current, by_a, by_b = cell_current(cell, np.array([4e-5]), np.array([0.9]), np.array([0.3]))
    assert (current, by_a, by_b) == (0.0, 0.0, 0.0)
    just_on, _, _ = cell_current(cell, np.array([4e-5]), np.array([0.9]), np.array([0.1]))
    assert just_on > 0
