"""This module is an array in time: a spike train as pulses, and what arrives within each step."""

import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbarsim.circuit import build_circuit, check_inputs
from xbarsim.parameters import CellParams, CrossbarParams, TopologyParams, TransientParams
from xbarsim.reference import Provenance
from xbarsim.spice.batch import Limits, run_batch
from xbarsim.spice.charge import read_steps
from xbarsim.spice.currents import spice_currents
from xbarsim.spice.deck import deck_hash
from xbarsim.spice.effort import refuse_hopeless
from xbarsim.spice.ngspice import find_ngspice
from xbarsim.spice.pulses import transient_analysis, transient_options, write_transient

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TransientCurrents:
    """What a spike train gave, in time and in the static limit.

    Attributes:
        i_sample: Column currents at the sampling time of each step, [time, col]. [A]
        charge: Charge into each column's sense resistors within each step, [time, col]. [C]
        i_static: Column currents at the operating point of each step's voltages, [time, col]. [A]
        charge_static: i_static times the pulse width, [time, col]. [C]
        provenance: Solver, options, deck hash.
        charge_diff: Charge of each differential pair within each step, [time, pair]; None where
            columns are single. [C]
    """

    i_sample: Array
    charge: Array
    i_static: Array
    charge_static: Array
    provenance: Provenance = field(repr=False)
    charge_diff: Array | None = None

    @property
    def charge_difference(self) -> float:
        """Largest |charge - static charge| relative to the largest static charge [1]."""
        return _relative(self.charge, self.charge_static)

    @property
    def sample_difference(self) -> float:
        """Largest |sampled - static current| relative to the largest static current [1]."""
        return _relative(self.i_sample, self.i_static)


def spice_transient(
    conductance: ArrayLike,
    v_row: ArrayLike,
    crossbar: CrossbarParams,
    transient: TransientParams,
    *,
    topology: TopologyParams | None = None,
    cell: CellParams | None = None,
    r_wire_row: ArrayLike | None = None,
    r_wire_col: ArrayLike | None = None,
    limits: Limits | None = None,
    force: bool = False,
) -> TransientCurrents:
    """Run a spike train through an array in time, and statically, in ngspice.

    The difference of the two says whether the bit lines settle within a pulse.

    Args:
        conductance: Cell conductances, [row, col]. [S]
        v_row: Spike train as pulse heights, [time, row]; 0 is no spike. [V]
        crossbar: Geometry and resistances. [Ω]
        transient: Pulse shape, sampling, capacitances.
        topology: Driven and sensed ends, silent rows, pairs, leads. Rows without a spike in a step
            are silent in it: cut off from their driver, or their cells cut off, by switches.
        cell: Law of the cells; Ohm's by default.
        r_wire_row: Each word-line segment, [row, col - 1]. [Ω]
        r_wire_col: Each bit-line segment, [row - 1, col]. [Ω]
        limits: Time and memory of each run; ten minutes and 8 GiB by default.
        force: Run arrays of 128x128 and more in an ngspice without the KLU solver.

    Raises:
        ParameterError: If shapes or values are not physical.
        SpiceMissingError: If ngspice is not installed.
        SpiceError: If a run fails or its answer is doubtful.
    """
    v = check_inputs(v_row, crossbar.rows)
    info = find_ngspice()
    refuse_hopeless(crossbar, info, force=force)
    circuit = build_circuit(
        conductance, crossbar, topology=topology, cell=cell, r_wire_row=r_wire_row,
        r_wire_col=r_wire_col,
    )  # fmt: skip
    distinct, which = np.unique(v, axis=0, return_inverse=True)
    static = spice_currents(
        conductance, distinct, crossbar, topology=topology, cell=cell, limits=limits, force=force,
        r_wire_row=r_wire_row, r_wire_col=r_wire_col,
    )  # fmt: skip
    i_static = static.i_col[which.ravel()]
    deck = write_transient(circuit, v, transient)
    start = time.perf_counter()
    vectors, log = run_batch(deck, info, limits=limits)
    seconds = time.perf_counter() - start
    steps = read_steps(vectors, circuit, len(v), transient, deck=deck, log=log)
    provenance = Provenance(
        info.solver, f"batch: {transient_analysis(len(v), transient)}",
        transient_options(circuit), deck_hash(deck), seconds,
    )  # fmt: skip
    return TransientCurrents(
        steps.i_sample, steps.charge, i_static, i_static * transient.pulse, provenance,
        steps.charge_diff,
    )  # fmt: skip


def _relative(found: Array, static: Array) -> float:
    scale = float(np.abs(static).max())
    return float(np.abs(found - static).max()) / (scale or 1.0)
