"""This module is the public way to a reference: one array, some inputs, real ngspice runs."""

import time

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbarsim.circuit import build_circuit, check_inputs
from xbarsim.errors import ParameterError
from xbarsim.parameters import CellParams, CrossbarParams, TableCell, TopologyParams
from xbarsim.progress import track
from xbarsim.reference import Provenance, ReferenceCurrents
from xbarsim.spice.batch import Limits
from xbarsim.spice.deck import deck_hash, options
from xbarsim.spice.effort import refuse_hopeless
from xbarsim.spice.ngspice import find_ngspice
from xbarsim.spice.run import CircuitRun, Engine, Method, run_circuit

_MANY_RUNS = 16
"""Runs that take more than two seconds, and so show a bar."""


def spice_currents(
    conductance: ArrayLike,
    v_row: ArrayLike,
    crossbar: CrossbarParams,
    *,
    engine: Engine = "auto",
    method: Method = "auto",
    topology: TopologyParams | None = None,
    cell: CellParams | None = None,
    active: ArrayLike | None = None,
    r_wire_row: ArrayLike | None = None,
    r_wire_col: ArrayLike | None = None,
    limits: Limits | None = None,
    force: bool = False,
) -> ReferenceCurrents:
    """Run one array in real ngspice and return its column currents.

    All input vectors with the same silent rows run as one index sweep (``.dc``), so the matrix is
    ordered once; a linear array with more vectors than rows is run once per row instead.

    Args:
        conductance: Cell conductances, [row, col]. [S]
        v_row: Input vectors, [batch, row]. [V]
        crossbar: Geometry and resistances; zero is written as ``R_FLOOR``. [Ω]
        engine: ``pyspice`` (shared library, in this process), ``batch`` (``ngspice -b``), or
            ``auto``: by size. The provenance says which.
        method: ``sweep``, ``transfer`` (superposition of unit vectors), or ``auto``: by count.
        topology: Driven and sensed ends, silent rows, pairs, leads; the plain array by default.
        cell: Law of the cells; Ohm's by default.
        active: Rows that carry an input, [row] or [batch, row]. By default all of them, or, where
            silent rows float or are gated, those with a voltage other than zero.
        r_wire_row: Each word-line segment, [row, col - 1]. [Ω]
        r_wire_col: Each bit-line segment, [row - 1, col]. [Ω]
        limits: Time and memory of each run; ten minutes and 8 GiB by default. Only a process of its
            own can be limited, so ``auto`` then takes ``batch``.
        force: Run arrays of 128x128 and more in an ngspice without the KLU solver.

    Returns:
        Column currents [batch, col], source currents [batch, row], currents of differential pairs
        [batch, pair], and provenance.

    Raises:
        ParameterError: If shapes or values are not physical.
        SpiceMissingError: If ngspice is not installed.
        SpiceError: If the run fails or its answer is doubtful.
    """
    v = check_inputs(v_row, crossbar.rows)
    topology = topology or TopologyParams()
    masks = _active_rows(active, v, topology)
    _refuse_outside_table(cell, v)
    info = find_ngspice()
    refuse_hopeless(crossbar, info, force=force)
    start = time.perf_counter()
    patterns, which = np.unique(masks, axis=0, return_inverse=True)
    runs: list[CircuitRun] = []
    bar = track(patterns, "ngspice", len(patterns), show=len(patterns) > _MANY_RUNS)
    for k, mask in enumerate(bar):
        circuit = build_circuit(
            conductance, crossbar, topology=topology, cell=cell, active=mask,
            r_wire_row=r_wire_row, r_wire_col=r_wire_col,
        )  # fmt: skip
        chosen = v[which.ravel() == k]
        runs.append(run_circuit(circuit, chosen, info, engine=engine, method=method, limits=limits))
    provenance = Provenance(
        solver=info.solver,
        method="; ".join(dict.fromkeys(run.method for run in runs)),
        options=options(circuit),
        deck_sha256=deck_hash("".join(run.deck for run in runs)),
        seconds=time.perf_counter() - start,
    )
    order = np.argsort(which.ravel(), kind="stable")
    i_diff = _ordered([run.i_diff for run in runs], order)
    return ReferenceCurrents(
        _ordered([run.i_col for run in runs], order), _ordered([run.i_row for run in runs], order),
        v, provenance, i_diff if topology.columns == "differential" else None,
    )  # fmt: skip


def _ordered(parts: list[NDArray[np.float64]], order: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the rows of all runs where their vectors stand."""
    found = np.concatenate(parts)
    placed = np.empty_like(found)
    placed[order] = found
    return placed


def _active_rows(
    active: ArrayLike | None, v: NDArray[np.float64], topology: TopologyParams
) -> NDArray[np.bool_]:
    """Return which rows carry an input under each vector, [batch, row]."""
    if active is None:
        mask = v != 0 if topology.silent != "grounded" else np.ones_like(v, dtype=np.bool_)
    else:
        given = np.asarray(active)
        if given.dtype != np.bool_ or given.shape not in (v.shape, v.shape[1:]):
            msg = (
                f"active has shape {given.shape} and type {given.dtype}; give booleans of {v.shape}"
            )
            raise ParameterError(msg)
        mask = np.broadcast_to(given, v.shape)
    wrong = np.argwhere(~mask & (v != 0))
    if len(wrong):
        b, i = (int(k) for k in wrong[0])
        msg = (
            f"v_row[{b}, {i}] is {float(v[b, i])!r} V but row {i} is silent; set it to 0 or make "
            "it active"
        )
        raise ParameterError(msg)
    return mask


def _refuse_outside_table(cell: CellParams | None, v: NDArray[np.float64]) -> None:
    """No cell sees more than the inputs' span, so a table that covers it is never left."""
    span = float(max(v.max(), 0.0) - min(v.min(), 0.0))
    if isinstance(cell, TableCell) and not (cell.v[0] <= -span and cell.v[-1] >= span):
        msg = (
            f"the table covers {cell.v[0]!r} to {cell.v[-1]!r} V but cells may see ±{span!r} V; "
            "extend the measurement or lower the inputs"
        )
        raise ParameterError(msg)
