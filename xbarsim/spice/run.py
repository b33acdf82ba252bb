"""This module is one circuit under many vectors: which engine, which analysis, and the run itself."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xbarsim.circuit import Circuit
from xbarsim.errors import SpiceError
from xbarsim.spice.batch import Limits, run_batch
from xbarsim.spice.deck import analysis_line, saved_vectors, write_netlist
from xbarsim.spice.judge import judge_currents, judge_differences
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
        i_diff: Currents of column pairs, [batch, pair]; no pairs where columns are single. [A]
        deck: The deck that was run, or that says the same as what PySpice ran.
        method: Engine and analysis, in words.
    """

    i_row: Array
    i_col: Array
    i_diff: Array
    deck: str
    method: str


def run_circuit(
    circuit: Circuit,
    v_row: Array,
    info: NgspiceInfo,
    *,
    engine: Engine,
    method: Method,
    limits: Limits | None = None,
) -> CircuitRun:
    """Run a circuit in ngspice under all input vectors at once.

    Args:
        circuit: The array.
        v_row: Input vectors, [batch, row]. [V]
        info: The ngspice to use.
        engine: ``auto`` takes the shared library for small arrays and a process for larger ones.
        method: ``auto`` takes the transfer matrix when a linear circuit has more vectors than rows.
        limits: Time and memory that the run may take, in a process of its own.

    Raises:
        SpiceError: If the run fails or its answer is doubtful.
    """
    rows = list(circuit.driven)
    if not rows:
        i_row, i_col, i_diff = (np.zeros((len(v_row), n)) for n in _widths(circuit))
        return CircuitRun(i_row, i_col, i_diff, "", "no row is driven")
    chosen = choose_engine(circuit, engine, limits)
    if _by_transfer(circuit, len(v_row), method):
        units = np.eye(circuit.crossbar.rows)[rows]
        deck, responses = _run(circuit, units, info, chosen, limits)
        i_row, i_col, i_diff = (v_row[:, rows] @ response for response in responses)
        words = f"{chosen}: transfer matrix of {len(rows)} unit vectors, {analysis_line(len(rows))}"
    else:
        deck, (i_row, i_col, i_diff) = _run(circuit, v_row, info, chosen, limits)
        words = f"{chosen}: {analysis_line(len(v_row))}"
    return CircuitRun(i_row, i_col, i_diff, deck, words)


def _widths(circuit: Circuit) -> tuple[int, int, int]:
    """Return the number of rows, columns and pairs."""
    pairs = circuit.crossbar.cols // 2 if circuit.amplifiers else 0
    return circuit.crossbar.rows, circuit.crossbar.cols, pairs


def choose_engine(
    circuit: Circuit, engine: Engine, limits: Limits | None
) -> Literal["pyspice", "batch"]:
    """Return the engine that ``auto`` stands for.

    Raises:
        SpiceError: If limits are set for the shared library, which runs in this process.
    """
    if engine == "pyspice" and limits is not None:
        msg = "the shared library runs in this process, which has no limits; use engine='batch'"
        raise SpiceError(msg)
    if engine != "auto":
        return engine
    small = len(circuit.cells) <= _IN_PROCESS_CELLS and limits is None
    return "pyspice" if small else "batch"


def _by_transfer(circuit: Circuit, n_vectors: int, method: Method) -> bool:
    if method == "transfer" and not circuit.linear:
        msg = f"{circuit.cell.kind} cells have no transfer matrix; use method='sweep'"
        raise SpiceError(msg)
    return method == "transfer" or (
        method == "auto" and circuit.linear and n_vectors > len(circuit.driven)
    )


def _run(
    circuit: Circuit,
    v_row: Array,
    info: NgspiceInfo,
    engine: Literal["pyspice", "batch"],
    limits: Limits | None,
) -> tuple[str, tuple[Array, Array, Array]]:
    """Run and judge; return deck, and source, column and pair currents, [batch, ...]."""
    deck = write_netlist(circuit, v_row)
    if engine == "pyspice":
        vectors, log = run_shared(circuit, v_row, info, deck=deck)
    else:
        vectors, log = run_batch(deck, info, limits=limits)
    i_row, i_col, i_diff = _currents(vectors, circuit, len(v_row), deck=deck)
    judge_currents(i_row, i_col, deck=deck, log=log)
    if circuit.amplifiers:
        judge_differences(i_col, i_diff, deck=deck, log=log)
    return deck, (i_row, i_col, i_diff)


def _currents(
    vectors: dict[str, Array], circuit: Circuit, n_vectors: int, *, deck: str
) -> tuple[Array, Array, Array]:
    """Turn saved vectors into source, column and pair currents."""
    names = saved_vectors(circuit, n_vectors)
    lost = [name for name in names if len(vectors.get(name, ())) != n_vectors]
    if lost:
        msg = f"ngspice's results lack {len(lost)} of {len(names)} vectors, {lost[0]} first"
        raise SpiceError(msg, deck=deck)
    table = np.stack([vectors[name] for name in names], axis=1)
    rows, cols, n_pairs = _widths(circuit)
    sense_ohm = [sense.ohm for sense in circuit.senses]
    ohm = np.array(sense_ohm + [amplifier.ohm for amplifier in circuit.amplifiers])
    shown = table[:, : len(ohm)] / ohm
    columns, pairs = np.split(shown, [len(sense_ohm)], axis=1)
    i_row = np.zeros((n_vectors, rows))
    i_row[:, list(circuit.driven)] = -table[:, len(ohm) :]
    return i_row, _sum_of_ends(columns, cols), _sum_of_ends(pairs, n_pairs)


def _sum_of_ends(ends: Array, width: int) -> Array:
    """Return [batch, width]: both ends of a line added, the lower ends first in ``ends``."""
    return ends.reshape(len(ends), -1, width).sum(axis=1) if width else ends
