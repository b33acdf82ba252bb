"""Decks in other dialects, by rules of text: no such simulator was at hand to run them."""

import re

import numpy as np
import pytest

from xbarsim.circuit import build_circuit
from xbarsim.errors import ParameterError
from xbarsim.interop import to_dialect
from xbarsim.parameters import (
    CrossbarParams,
    LinearCell,
    PolynomialCell,
    SelectorCell,
    SinhCell,
    TableCell,
    TopologyParams,
    TransistorCell,
)
from xbarsim.spice import write_netlist

CELLS = (
    LinearCell(), SinhCell(), PolynomialCell(a2=0.1), SelectorCell(), TransistorCell(),
    TableCell(v=(-1.0, 0.0, 1.0), u=(-2.0, 0.0, 1.0)),
)  # fmt: skip
CROSSBAR = CrossbarParams(rows=3, cols=2)
NUMBER = r"[-+]?\d+(\.\d*)?(e[-+]?\d+)?"
NAME = r"\w+"
NODE = r"[a-z0-9_]+"
OUTPUT = r"[vi]\([a-z0-9_]+\)"
ASSIGN = rf"{NAME}=({NUMBER}|\{{\w+\}})"
EXPRESSION = r"[-+*/(),.\w]+"

GRAMMAR = {
    "ltspice": [
        rf"R{NAME} {NODE} {NODE} ({NUMBER}|\{{1/g\}})", rf"V{NAME} {NODE} 0 {NUMBER}",
        rf"B{NAME} {NODE} (0|{NODE}) [VI]=([-+*/(),.\w]|\{{\w+\}})+",
        rf"X{NAME}( {NODE})+ xbar_\w+( {ASSIGN})+", rf"M{NAME}( {NODE}){{4}} xbar_nmos( {ASSIGN})+",
        rf"\.subckt xbar_\w+ p n( gate)?( {ASSIGN})+", r"\.ends",
        rf"\.model xbar_nmos nmos( {ASSIGN})+", rf"\.options( {NAME}={NUMBER})+",
        rf"\.save( {OUTPUT})+", r"\.op", rf"\.dc {NAME} 0 \d+ 1", r"\.end",
    ],
    "xyce": [
        rf"R{NAME} {NODE} {NODE} ({NUMBER}|\{{1/g\}})", rf"V{NAME} {NODE} 0 {NUMBER}",
        rf"B{NAME} {NODE} (0|{NODE}) [VI]=\{{{EXPRESSION}\}}",
        rf"X{NAME}( {NODE})+ xbar_\w+ params:( {ASSIGN})+",
        rf"M{NAME}( {NODE}){{4}} xbar_nmos( {ASSIGN})+",
        rf"\.subckt xbar_\w+ p n( gate)? params:( {ASSIGN})+", r"\.ends",
        rf"\.model xbar_nmos nmos( {ASSIGN})+",
        rf"\.options (linsol type=klu|(nonlin|device)( {NAME}={NUMBER})+)",
        rf"\.print dc format=csv( {OUTPUT})+", rf"\.dc {NAME} (0 \d+ 1|list {NUMBER})", r"\.end",
    ],
    "hspice": [
        rf"R{NAME} {NODE} {NODE} {NUMBER}", rf"V{NAME} {NODE} 0 {NUMBER}",
        rf"\.print dc( {OUTPUT})+", r"\.op", r"\.end",
    ],
}  # fmt: skip


def deck(cell, vectors):
    draw = np.random.default_rng(0)
    conductance = draw.uniform(5e-6, 5e-5, (3, 2))
    return write_netlist(
        build_circuit(conductance, CROSSBAR, cell=cell), draw.uniform(0, 0.1, (vectors, 3))
    )


def cards(text):
    return [line for line in text.split("\n")[1:-1] if not line.startswith("*")]


@pytest.mark.parametrize("vectors", [1, 4])
@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.kind)
@pytest.mark.parametrize("dialect", ["ltspice", "xyce"])
def test_every_card_obeys_the_dialects_grammar(dialect, cell, vectors):
    found = cards(to_dialect(deck(cell, vectors), dialect))
    for card in found:
        assert any(re.fullmatch(rule, card, re.IGNORECASE) for rule in GRAMMAR[dialect]), card
        assert "pwl" not in card
    assert found[-1] == ".end"


@pytest.mark.parametrize("dialect", ["ltspice", "xyce", "hspice"])
def test_the_circuit_stays_the_same(dialect):
    kept = re.compile(r"[RV]")
    before = [card for card in cards(deck(LinearCell(), 1)) if kept.match(card)]
    after = [card for card in cards(to_dialect(deck(LinearCell(), 1), dialect)) if kept.match(card)]
    assert before == after
    # Sources, drivers, row wires, column wires, cells, senses.
    assert len(before) == 3 + 3 + 3 + 4 + 6 + 2


def test_ngspice_is_left_alone_and_hspice_takes_the_plain_array():
    text = deck(LinearCell(), 1)
    assert to_dialect(text, "ngspice") == text
    for card in cards(to_dialect(text, "hspice")):
        assert any(re.fullmatch(rule, card, re.IGNORECASE) for rule in GRAMMAR["hspice"]), card


@pytest.mark.parametrize("dialect", ["ltspice", "xyce", "hspice"])
def test_a_pairs_difference_amplifier_is_the_same_card_everywhere(dialect):
    circuit = build_circuit(
        np.full((3, 2), 1e-5), CROSSBAR, topology=TopologyParams(columns="differential")
    )
    text = to_dialect(write_netlist(circuit, np.ones((1, 3))), dialect)
    assert "Ed0 db_0 0 bl_2_0 bl_2_1 1.0\n" in text


def test_a_sweep_looks_voltages_up_in_a_table():
    text = deck(LinearCell(), 2)
    value = re.search(r"^Bin1 in_1 0 V=pwl\(V\(idx\),0,(.*),1,(.*)\)$", text, re.MULTILINE)
    low, high = value.groups()
    assert f"Bin1 in_1 0 V=table(V(idx),0,{low},1,{high})" in to_dialect(text, "ltspice")
    assert f"Bin1 in_1 0 V={{table(V(idx),0,{low},1,{high})}}" in to_dialect(text, "xyce")


@pytest.mark.parametrize(
    ("text", "dialect", "match"),
    [
        (deck(LinearCell(), 2), "hspice", "one input vector"),
        (deck(SinhCell(), 1), "hspice", "linear cells"),
        ("* t\nR1 a 0 1\n.tran 1n 1u\n.end\n", "xyce", r"'\.tran 1n 1u'.*no card"),
        ("* t\n", "spectre", "choose ngspice, ltspice, xyce, hspice"),
    ],
)
def test_what_a_dialect_cannot_say_is_named(text, dialect, match):
    with pytest.raises(ParameterError, match=match):
        to_dialect(text, dialect)
