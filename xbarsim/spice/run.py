"""This module is one circuit under many vectors: which engine, which analysis, and the run itself."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xbarsim.circuit import Circuit
from xbarsim.errors import SpiceError
from xbarsim.spice.batch import run_batch
from xbarsim.spice.deck import analysis_line, saved_vectors, write_netlist
from xbarsim.spice.judge import judge_currents
from xbarsim.spice.ngspice import NgspiceInfo
from xbarsim.spice.shared import run_shared

Array = NDArray[np.float64]
Engine = Literal["auto", "pyspice", "batch"]
Method = Literal["auto", "sweep", "transfer"]

_IN_PROCESS_CELLS = 8 * 8
"""Up to here a process start costs more than PySpice's objects; beyond, the objects cost more."""


@dataclass(frozen=True)
class CircuitRun:
    """What one run of ngspice gave.

    Attributes:
        i_row: Source currents, zero for floating rows, [batch, row]. [A]
        i_col: Column currents, [batch, col]. [A]
        deck: The deck that was run, or that says the same as what PySpice ran.
        method: Engine and analysis, in words.
    """

    i_row: Array
    i_col: Array
    deck: str
    method: str


def run_circuit(
    circuit: Circuit, v_row: Array, info: NgspiceInfo, *, engine: Engine, method: Method
) -> CircuitRun:
    """Run a circuit in ngspice under all input vectors at once.

    Args:
        circuit: The array.
        v_row: Input vectors, [batch, row]. [V]
        info: The ngspice to use.
        engine: ``auto`` takes the shared library for small arrays and a process for larger ones.
        method: ``auto`` takes the transfer matrix when a linear circuit has more vectors than rows.

    Raises:
        SpiceError: If the run fails or its answer is doubtful.
    """
    rows = list(circuit.driven)
    i_row = np.zeros_like(v_row)
    if not rows:
        return CircuitRun(
            i_row, np.zeros((len(v_row), circuit.crossbar.cols)), "", "no row is driven"
        )
    chosen = choose_engine(circuit, engine)
    if _by_transfer(circuit, len(v_row), method):
        units = np.eye(circuit.crossbar.rows)[rows]
        deck, by_row, by_col = _run(circuit, units, info, chosen)
        i_row, i_col = v_row[:, rows] @ by_row, v_row[:, rows] @ by_col
        words = f"{chosen}: transfer matrix of {len(rows)} unit vectors, {analysis_line(len(rows))}"
    else:
        deck, i_row, i_col = _run(circuit, v_row, info, chosen)
        words = f"{chosen}: {analysis_line(len(v_row))}"
    return CircuitRun(i_row, i_col, deck, words)


def choose_engine(circuit: Circuit, engine: Engine) -> Literal["pyspice", "batch"]:
    """Return the engine that ``auto`` stands for."""
    if engine != "auto":
        return engine
    return "pyspice" if len(circuit.cells) <= _IN_PROCESS_CELLS else "batch"


def _by_transfer(circuit: Circuit, n_vectors: int, method: Method) -> bool:
    if method == "transfer" and not circuit.linear:
        msg = f"{circuit.cell.kind} cells have no transfer matrix; use method='sweep'"
        raise SpiceError(msg)
    return method == "transfer" or (
        method == "auto" and circuit.linear and n_vectors > len(circuit.driven)
    )


def _run(
    circuit: Circuit, v_row: Array, info: NgspiceInfo, engine: Literal["pyspice", "batch"]
) -> tuple[str, Array, Array]:
    """Run and judge; return deck, source currents [batch, row] and column currents [batch, col]."""
    deck = write_netlist(circuit, v_row)
    if engine == "pyspice":
        vectors, log = run_shared(circuit, v_row, info, deck=deck)
    else:
        vectors, log = run_batch(deck, info)
    i_row, i_col = _currents(vectors, circuit, len(v_row), deck=deck)
    judge_currents(i_row, i_col, deck=deck, log=log)
    return deck, i_row, i_col


def _currents(
    vectors: dict[str, Array], circuit: Circuit, n_vectors: int, *, deck: str
) -> tuple[Array, Array]:
    """Turn saved vectors into source and column currents."""
    names = saved_vectors(circuit, n_vectors)
    lost = [name for name in names if len(vectors.get(name, ())) != n_vectors]
    if lost:
        msg = f"ngspice's results lack {len(lost)} of {len(names)} vectors, {lost[0]} first"
        raise SpiceError(msg, deck=deck)
    table = np.stack([vectors[name] for name in names], axis=1)
    n_senses = len(circuit.senses)
    sensed = table[:, :n_senses] / np.array([sense.ohm for sense in circuit.senses])
    i_row = np.zeros((n_vectors, circuit.crossbar.rows))
    i_row[:, list(circuit.driven)] = -table[:, n_senses:]
    return i_row, sensed.reshape(n_vectors, -1, circuit.crossbar.cols).sum(axis=1)
