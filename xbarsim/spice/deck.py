"""This module is the step from a circuit to a deck that any ngspice runs, and a person can read."""

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from xbarsim.circuit import Circuit, Resistor
from xbarsim.spice.subckt import Subcircuit, cell_instances, shipped_libraries, subcircuit

OPTIONS = ("klu",)
"""Solver option; a version without KLU ignores it."""

NONLINEAR_OPTIONS = ("reltol=1e-09", "vntol=1e-12", "abstol=1e-15", "gmin=1e-15")
"""At the default tolerances a sweep stops one iteration early (errors of 1e-7 and more)."""

INDEX_LOAD = 1.0
"""Load of the index node [Ω]: without it KLU's refactorisation loses three digits of a sweep."""

_NAMES_PER_LINE = 8


def write_netlist(circuit: Circuit, v_row: NDArray[np.float64], *, title: str = "") -> str:
    """Write the deck of a circuit under a batch of input vectors.

    One vector gives an operating point. Several give one ``.dc`` sweep of an index, with sources
    that look their voltage up by index: the matrix is set up once for all vectors.

    Args:
        circuit: The array.
        v_row: Input vectors, [batch, row]. [V]
        title: Text for the first line.

    Returns:
        The deck. It saves the voltage above every sense resistor and the current of every source.
    """
    lines = circuit_lines(
        circuit, source_lines(circuit, v_row), options=options(circuit), title=title
    )
    lines += [*save_lines(saved_vectors(circuit, len(v_row))), analysis_line(len(v_row)), ".end"]
    return "\n".join(lines) + "\n"


def circuit_lines(
    circuit: Circuit, sources: list[str], *, options: tuple[str, ...], title: str = ""
) -> list[str]:
    """Return the cards of a circuit: title, comments, options, sources, and every element."""
    c = circuit.crossbar
    lines = [
        f"* xbarsim {c.rows}x{c.cols} crossbar{': ' + _one_line(title) if title else ''}",
        (
            f"* R_driver={c.r_driver!r} R_wire_row={c.r_wire_row!r} R_wire_col={c.r_wire_col!r} "
            f"R_sense={c.r_sense!r} ohm; zero is written as R_FLOOR"
        ),
        _column_comment(circuit),
        f".options {' '.join(options)}",
        "* inputs",
        *sources,
    ]
    for heading, cards in (
        ("drivers", _resistor_lines(circuit.drivers)),
        ("wires: word-line segments, then bit-line segments", _resistor_lines(circuit.wires)),
        ("cells", _cell_lines(circuit)),
        ("sense resistors", _resistor_lines(circuit.senses)),
        *_optional_cards(circuit),
    ):
        lines += [f"* {heading}", *cards]
    return lines


def _optional_cards(circuit: Circuit) -> list[tuple[str, list[str]]]:
    """Return what most circuits have none of, each with its heading."""
    found = []
    if circuit.amplifiers:
        what = "differences of column pairs: V(out) = V(plus) - V(minus)"
        cards = [f"{e.name} {e.out} 0 {e.plus} {e.minus} 1.0" for e in circuit.amplifiers]
        found.append((what, cards))
    if circuit.switches:
        kind = shipped_libraries()["switch.lib"].rstrip("\n").split("\n")
        cards = [
            f"{s.name} {s.a} {s.b} act_{s.row} xbar_switch g={1.0 / s.ohm!r}"
            for s in circuit.switches
        ]
        found.append(("switches of silent rows", [*kind, *cards]))
    return found


def options(circuit: Circuit) -> tuple[str, ...]:
    """Return the simulator options that the circuit's deck carries."""
    return OPTIONS if circuit.linear else OPTIONS + NONLINEAR_OPTIONS


def source_names(circuit: Circuit, n_vectors: int) -> list[str]:
    """Return the element names of the input sources: V for one vector, B for a sweep."""
    kind = "V" if n_vectors == 1 else "B"
    return [f"{kind}in{i}" for i in circuit.driven]


def saved_vectors(circuit: Circuit, n_vectors: int) -> list[str]:
    """Return what a deck saves, as ngspice spells it: sense node voltages, source currents."""
    senses = [f"v({node})" for node in circuit.sense_nodes]
    senses += [f"v({amplifier.out})" for amplifier in circuit.amplifiers]
    return senses + [f"i({name.lower()})" for name in source_names(circuit, n_vectors)]


def lookup_expression(values: NDArray[np.float64]) -> str:
    """Return the expression that yields ``values[k]`` where the voltage of node idx is k."""
    pairs = ",".join(f"{k},{value!r}" for k, value in enumerate(values.tolist()))
    return f"pwl(V(idx),{pairs})"


def source_lines(circuit: Circuit, v_row: NDArray[np.float64]) -> list[str]:
    """Return the cards of the input sources."""
    names = source_names(circuit, len(v_row))
    v_row = v_row[:, list(circuit.driven)]
    if len(v_row) == 1:
        values = v_row[0].tolist()
        return [
            f"{name} {node} 0 {value!r}"
            for name, node, value in zip(names, circuit.inputs, values, strict=True)
        ]
    cards = [
        f"{name} {node} 0 V={lookup_expression(v_row[:, i])}"
        for i, (name, node) in enumerate(zip(names, circuit.inputs, strict=True))
    ]
    return ["Vidx idx 0 0", f"Ridx idx 0 {INDEX_LOAD!r}", *cards]


def analysis_line(n_vectors: int) -> str:
    """Return the analysis card."""
    return ".op" if n_vectors == 1 else f".dc Vidx 0 {n_vectors - 1} 1"


def save_lines(names: list[str]) -> list[str]:
    """Return ``.save`` cards of a readable length."""
    starts = range(0, len(names), _NAMES_PER_LINE)
    return [".save " + " ".join(names[k : k + _NAMES_PER_LINE]) for k in starts]


def deck_hash(deck: str) -> str:
    """Return the SHA-256 of a deck's text, as hexadecimal digits."""
    return hashlib.sha256(deck.encode()).hexdigest()


def _column_comment(circuit: Circuit) -> str:
    ends = dict.fromkeys(node.rsplit("_", 1)[0] for node in circuit.sense_nodes)
    terms = " + ".join(f"V({end}_j)" for end in ends)
    line = f"* column current j = {terms if len(ends) == 1 else f'({terms})'} / R_sense"
    outs = dict.fromkeys(amplifier.out.rsplit("_", 1)[0] for amplifier in circuit.amplifiers)
    pairs = " + ".join(f"V({out}_k)" for out in outs)
    return line + (
        f"; of pair k = {pairs if len(outs) == 1 else f'({pairs})'} / R_sense" if outs else ""
    )


def _cell_lines(circuit: Circuit) -> list[str]:
    """Return the cells: resistors when linear, else their library and one instance each."""
    kind = subcircuit(circuit.cell)
    if not kind.name:
        return _resistor_lines(circuit.cells)
    cards = [
        f"{name} {' '.join(nodes)} {kind.name} " + " ".join(f"{k}={v!r}" for k, v in values.items())
        for name, nodes, values in cell_instances(circuit, kind)
    ]
    return [*kind.text.rstrip("\n").split("\n"), *_gate_line(kind), *cards]


def _gate_line(kind: Subcircuit) -> list[str]:
    return [] if kind.v_gate is None else [f"Vgate gate 0 {kind.v_gate!r}"]


def _resistor_lines(resistors: Iterable[Resistor]) -> list[str]:
    return [f"{r.name} {r.a} {r.b} {r.ohm!r}" for r in resistors]


def _one_line(text: str) -> str:
    return " ".join(text.split())
