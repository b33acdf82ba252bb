"""This module is the public way to a reference: one array, some inputs, one real ngspice run."""

import time
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbarsim.circuit import Circuit, build_circuit, check_inputs
from xbarsim.errors import SpiceError
from xbarsim.parameters import CrossbarParams
from xbarsim.reference import Provenance, ReferenceCurrents
from xbarsim.spice.batch import run_batch
from xbarsim.spice.deck import OPTIONS, analysis_line, deck_hash, saved_vectors, write_netlist
from xbarsim.spice.judge import judge_currents
from xbarsim.spice.ngspice import NgspiceInfo, find_ngspice
from xbarsim.spice.shared import run_shared

Engine = Literal["pyspice", "batch"]

_WARN_CELLS = 128 * 128


def spice_currents(
    conductance: ArrayLike,
    v_row: ArrayLike,
    crossbar: CrossbarParams,
    *,
    engine: Engine = "pyspice",
) -> ReferenceCurrents:
    """Run one array in real ngspice and return its column currents.

    All input vectors run as one index sweep (``.dc``), so the matrix is ordered once.

    Args:
        conductance: Cell conductances, [row, col]. [S]
        v_row: Input vectors, [batch, row]. [V]
        crossbar: Geometry and resistances; zero is written as ``R_FLOOR``. [Ω]
        engine: ``pyspice`` (shared library, in this process) or ``batch`` (``ngspice -b``).

    Returns:
        Column currents [batch, col], driver currents [batch, row], and provenance.

    Raises:
        ParameterError: If shapes or values are not physical.
        SpiceMissingError: If ngspice is not installed.
        SpiceError: If the run fails or its answer is doubtful.
    """
    v = check_inputs(v_row, crossbar.rows)
    circuit = build_circuit(conductance, crossbar)
    info = find_ngspice()
    _refuse_hopeless(crossbar, info)
    deck = write_netlist(circuit, v)
    start = time.perf_counter()
    if engine == "pyspice":
        vectors, log = run_shared(circuit, v, info, deck=deck)
    else:
        vectors, log = run_batch(deck, info)
    seconds = time.perf_counter() - start
    i_row, i_col = _currents(vectors, circuit, len(v), deck=deck)
    judge_currents(i_row, i_col, deck=deck, log=log)
    provenance = Provenance(
        solver=info.solver,
        method=f"{engine}: {analysis_line(len(v))}",
        options=OPTIONS,
        deck_sha256=deck_hash(deck),
        seconds=seconds,
    )
    return ReferenceCurrents(i_col, i_row, v, provenance)


def _refuse_hopeless(crossbar: CrossbarParams, info: NgspiceInfo) -> None:
    """Without KLU an array of 128x128 takes minutes an operating point, with growth beyond N^6."""
    if not info.klu and crossbar.rows * crossbar.cols >= _WARN_CELLS:
        msg = (
            f"{crossbar.rows}x{crossbar.cols} needs minutes to hours in {info.solver}; install "
            "ngspice >= 42 with KLU (Debian 12: apt-get install -t bookworm-backports ngspice)"
        )
        raise SpiceError(msg)


def _currents(
    vectors: dict[str, NDArray[np.float64]], circuit: Circuit, n_vectors: int, *, deck: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Turn saved vectors into driver and sense currents, [batch, row] and [batch, col]."""
    names = saved_vectors(circuit, n_vectors)
    lost = [name for name in names if len(vectors.get(name, ())) != n_vectors]
    if lost:
        msg = f"ngspice's results lack {len(lost)} of {len(names)} vectors, {lost[0]} first"
        raise SpiceError(msg, deck=deck)
    table = np.stack([vectors[name] for name in names], axis=1)
    cols = circuit.crossbar.cols
    r_sense = circuit.senses[0].ohm
    return -table[:, cols:], table[:, :cols] / r_sense
