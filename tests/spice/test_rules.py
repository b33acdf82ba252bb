"""The electrical rule check: silent on our own decks, and in a designer's words on broken ones."""

import numpy as np
import pytest
from typer.testing import CliRunner

from xbarsim.circuit import build_circuit
from xbarsim.cli.app import app
from xbarsim.errors import ParameterError
from xbarsim.parameters import CrossbarParams
from xbarsim.spice import check_deck, write_netlist
from xbarsim.spice.golden import golden_files
from xbarsim.spice.reader import read_deck

DECKS = sorted(name for name in golden_files() if name.endswith(".cir"))


@pytest.mark.parametrize("name", DECKS)
def test_our_own_decks_have_no_errors(name):
    findings = check_deck(golden_files()[name])
    assert {f.rule for f in findings} <= {"dangling"}
    assert all(f.severity == "note" for f in findings)


def test_a_deck_reads_back_as_it_was_written(draw):
    crossbar = CrossbarParams(rows=5, cols=4)
    circuit = build_circuit(draw.uniform(1e-6, 1e-4, (5, 4)), crossbar)
    deck = read_deck(write_netlist(circuit, draw.uniform(0, 1, (3, 5))))
    read = [(e.name, *e.nodes, e.value) for e in deck.elements if e.kind == "r"]
    assert read[0] == ("Ridx", "idx", "0", 1.0)
    assert read[1:] == [tuple(r) for r in circuit.resistors]


def deck(*cards, title="* t", end=".op\n.end"):
    return "\n".join([title, *cards, end]) + "\n"


def broken(old, new):
    text = golden_files()["4x3_op.cir"]
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("text", "rule", "match"),
    [
        (deck("V1 a 0 1", "R1 a 0 1", "C1 b 0 1", "R2 b c 1"), "path", "node b has no DC path"),
        (deck("V1 a b 1", "R1 a b 1"), "ground", "nothing is connected to ground"),
        (deck("I1 0 a 1", "C1 a 0 1"), "ground", "nothing is connected"),
        (deck("V1 a 0 1", "V2 a 0 2"), "loop", "runs through V1, V2"),
        (deck("V1 a 0 1", "R1 a 0 0"), "loop", "runs through V1, R1"),
        (deck("V1 a 0 1", "R1 a 0 0"), "value", "R1: a resistance of 0.0 is not physical"),
        (deck("V1 a 0 1", "R1 a 0 -5"), "value", "R1: a resistance of -5.0"),
        (deck("V1 a 0 1", "R1 a 0"), "value", "R1: its resistance is missing"),
        (deck("V1 a 0 1", "R1 a 0 nan"), "value", "no bare number"),
        (deck("V1 a 0 1", "R1 a 0 1M"), "value", "no bare number"),
        (deck("V1 a 0 1", "R1 a 0 1", "r1 a 0 2"), "duplicate", "2 elements are called r1"),
        (deck("V1 a 0 1", "R1 a 0 1", end=".end"), "analysis", "nothing would run"),
        (deck("V1 a 0 1", "R1 a 0 1", end=".op"), "end", "cut short"),
        (deck("V1 a 0 1", "R1 a 0 1", ".options rshunt=1e12"), "option", "'rshunt=1e12'"),
        (deck("V1 a 0 1", "R1 a 0 1", ".save v(zz)"), "save", "no element touches node zz"),
        (deck("V1 a 0 1", "X1 a 0 nosub"), "subckt", "nosub is not defined"),
        (deck("V1 a,b 0 1", "R1 a,b 0 1"), "name", "may split at"),
        (deck("V1 a 0 1", "R1 a 0 1", ".control"), "command", "can run or open things"),
        (broken("Rwr1_0 wl_1_0 wl_1_1 5.0\n", ""), "line", "word line 1 is broken"),
        (broken("Rwc0_2 bl_0_2 bl_1_2 10.0\n", ""), "line", "bit line 2 is broken"),
        (
            golden_files()["4x4_differential.cir"].replace("Ed1 db_1 0 bl_3_2 bl_3_3 1.0\n", ""),
            "count",
            "1 difference amplifiers where a 4x4 array",
        ),
        (broken("Rs1 bl_3_1 0 1000.0\n", ""), "count", "2 sense resistors where a 4x3 array"),
    ],
)
def test_a_broken_circuit_is_named_in_a_designers_words(text, rule, match):
    messages = [f.message for f in check_deck(text) if f.rule == rule and f.severity == "error"]
    assert any(match in message for message in messages), check_deck(text)


@pytest.mark.parametrize("text", ["", "\n\n", "* t\nR1\n"])
def test_what_is_no_deck_is_refused(text):
    with pytest.raises(ParameterError):
        check_deck(text)


def test_zero_resistances_and_dead_ends_are_notes():
    crossbar = CrossbarParams(rows=2, cols=2, r_wire_row=0)
    g = np.array([[1e-5, 0.0], [1e-5, 1e-5]])
    findings = check_deck(write_netlist(build_circuit(g, crossbar), np.ones((1, 2))))
    assert {(f.severity, f.rule) for f in findings} == {("note", "floor"), ("note", "dangling")}
    assert "wl_0_1" in next(f.message for f in findings if f.rule == "dangling")


def test_the_command_checks_decks_presets_and_files(tmp_path):
    run = CliRunner().invoke
    assert run(app, ["check", "milo2021", "--rules-only"]).exit_code == 0
    (tmp_path / "a.toml").write_text('[device]\nr_min=1e4\nr_max=1e5\n[cell]\nkind="sinh"\n')
    assert run(app, ["check", str(tmp_path / "a.toml"), "--rules-only"]).exit_code == 0
    (tmp_path / "a.cir").write_text(deck("V1 a 0 1", "R1 a 0 -5"))
    result = run(app, ["check", str(tmp_path / "a.cir")])
    assert result.exit_code == 1
    assert "R1: a resistance of -5.0" in result.stdout
    result = run(app, ["check", str(tmp_path / "a.cir"), "--json"])
    assert '"severity": "error"' in result.stdout
