"""This module is the step from a circuit to a deck that any ngspice runs, and a person can read."""

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from xbarsim.circuit import Circuit, Resistor

OPTIONS = ("klu",)
"""Solver option; a version without KLU ignores it."""

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
    c = circuit.crossbar
    lines = [
        f"* xbarsim {c.rows}x{c.cols} crossbar{': ' + _one_line(title) if title else ''}",
        (
            f"* R_driver={c.r_driver!r} R_wire_row={c.r_wire_row!r} R_wire_col={c.r_wire_col!r} "
            f"R_sense={c.r_sense!r} ohm; zero is written as R_FLOOR"
        ),
        f"* column current j = V({circuit.sense_nodes[0].rsplit('_', 1)[0]}_j) / R_sense",
        f".options {' '.join(OPTIONS)}",
        "* inputs",
        *source_lines(circuit, v_row),
    ]
    for heading, resistors in (
        ("drivers", circuit.drivers),
        ("wires: word-line segments, then bit-line segments", circuit.wires),
        ("cells", circuit.cells),
        ("sense resistors", circuit.senses),
    ):
        lines += [f"* {heading}", *_resistor_lines(resistors)]
    lines += [*save_lines(saved_vectors(circuit, len(v_row))), analysis_line(len(v_row)), ".end"]
    return "\n".join(lines) + "\n"


def source_names(circuit: Circuit, n_vectors: int) -> list[str]:
    """Return the element names of the input sources: V for one vector, B for a sweep."""
    kind = "V" if n_vectors == 1 else "B"
    return [f"{kind}in{i}" for i in range(len(circuit.inputs))]


def saved_vectors(circuit: Circuit, n_vectors: int) -> list[str]:
    """Return what a deck saves, as ngspice spells it: sense node voltages, source currents."""
    senses = [f"v({node})" for node in circuit.sense_nodes]
    return senses + [f"i({name.lower()})" for name in source_names(circuit, n_vectors)]


def lookup_expression(values: NDArray[np.float64]) -> str:
    """Return the expression that yields ``values[k]`` where the voltage of node idx is k."""
    pairs = ",".join(f"{k},{value!r}" for k, value in enumerate(values.tolist()))
    return f"pwl(V(idx),{pairs})"


def source_lines(circuit: Circuit, v_row: NDArray[np.float64]) -> list[str]:
    """Return the cards of the input sources."""
    names = source_names(circuit, len(v_row))
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


def _resistor_lines(resistors: Iterable[Resistor]) -> list[str]:
    return [f"{r.name} {r.a} {r.b} {r.ohm!r}" for r in resistors]


def _one_line(text: str) -> str:
    return " ".join(text.split())
