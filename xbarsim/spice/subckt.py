"""This module is the cells as sub-circuits: the library text a deck needs, and each cell's card."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import singledispatch
from importlib import resources
from pathlib import Path

from xbarsim.circuit import Circuit
from xbarsim.parameters import (
    CellParams,
    PolynomialCell,
    SelectorCell,
    SinhCell,
    SubcircuitCell,
    TableCell,
    TransistorCell,
)
from xbarsim.spice.foreign import read_device


@dataclass(frozen=True)
class Subcircuit:
    """What a deck needs to use a kind of cell.

    Attributes:
        text: Library text with the ``.subckt``; empty for linear cells.
        name: Name of the sub-circuit.
        parameter: Name of its conductance parameter.
        values: Its other parameters.
        v_gate: Voltage of the third pin; None with two pins.
    """

    text: str = ""
    name: str = ""
    parameter: str = "g"
    values: tuple[tuple[str, float], ...] = ()
    v_gate: float | None = None


def shipped_libraries() -> dict[str, str]:
    """Return the text of every shipped cell library, by file name."""
    folder = resources.files("xbarsim.spice") / "cells"
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    return {file.name: file.read_text() for file in files if file.name.endswith(".lib")}


def library_path(name: str) -> Path:
    """Return the file of a shipped cell library."""
    return Path(str(resources.files("xbarsim.spice") / "cells" / name))


@singledispatch
def subcircuit(cell: CellParams) -> Subcircuit:
    """Return the sub-circuit of a kind of cell; an empty one for linear cells, which are resistors."""
    _ = cell
    return Subcircuit()


@subcircuit.register
def _(cell: SinhCell) -> Subcircuit:
    return Subcircuit(_library("sinh"), "xbar_sinh", values=(("v0", cell.v0),))


@subcircuit.register
def _(cell: PolynomialCell) -> Subcircuit:
    values = (("a2", cell.a2), ("a3", cell.a3))
    return Subcircuit(_library("polynomial"), "xbar_polynomial", values=values)


@subcircuit.register
def _(cell: TableCell) -> Subcircuit:
    points = ",".join(f"{v!r},{u!r}" for v, u in zip(cell.v, cell.u, strict=True))
    text = re.sub(r"pwl\(.*\)", f"pwl(V(p,n),{points})", _library("table"))
    return Subcircuit(text, "xbar_table")


@subcircuit.register
def _(cell: TransistorCell) -> Subcircuit:
    values = (("w", cell.width), ("l", cell.length), ("vt0", cell.vt0), ("kp", cell.kp))
    return Subcircuit(_library("1t1r"), "xbar_1t1r", values=values, v_gate=cell.v_gate)


@subcircuit.register
def _(cell: SelectorCell) -> Subcircuit:
    values = (("i_sel", cell.i_sel), ("v_sel", cell.v_sel))
    return Subcircuit(_library("1s1r"), "xbar_1s1r", values=values)


@subcircuit.register
def _(cell: SubcircuitCell) -> Subcircuit:
    return Subcircuit(read_device(cell), cell.subckt, cell.parameter, v_gate=cell.v_gate)


def cell_instances(
    circuit: Circuit, kind: Subcircuit
) -> Iterator[tuple[str, tuple[str, ...], dict[str, float]]]:
    """Yield name, nodes and parameters of every nonlinear cell."""
    gate = () if kind.v_gate is None else ("gate",)
    for cell in circuit.cells:
        values = {kind.parameter: 1.0 / cell.ohm, **dict(kind.values)}
        yield f"X{cell.name[1:]}", (cell.a, cell.b, *gate), values


def _library(name: str) -> str:
    return shipped_libraries()[f"{name}.lib"]
