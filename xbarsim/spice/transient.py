"""This module is an array in time: a spike train as pulses, and what arrives within each step."""

import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbarsim.circuit import Circuit, build_circuit, check_inputs
from xbarsim.circuit.capacitors import capacitors
from xbarsim.errors import ParameterError, SpiceError
from xbarsim.parameters import CellParams, CrossbarParams, TopologyParams, TransientParams
from xbarsim.reference import Provenance
from xbarsim.spice.batch import run_batch
from xbarsim.spice.currents import spice_currents
from xbarsim.spice.deck import circuit_lines, deck_hash, save_lines
from xbarsim.spice.ngspice import find_ngspice

Array = NDArray[np.float64]

_NONLINEAR = ("reltol=1e-06", "gmin=1e-15")
_POINTS_PER_PULSE = 50
_POINTS_PER_EDGE = 4
_CONSERVATION = 1e-4


@dataclass(frozen=True)
class TransientCurrents:
    """What a spike train gave, in time and in the static limit.

    Attributes:
        i_sample: Column currents at the sampling time of each step, [time, col]. [A]
        charge: Charge into each column's sense resistors within each step, [time, col]. [C]
        i_static: Column currents at the operating point of each step's voltages, [time, col]. [A]
        charge_static: i_static times the pulse width, [time, col]. [C]
        provenance: Solver, options, deck hash.
    """

    i_sample: Array
    charge: Array
    i_static: Array
    charge_static: Array
    provenance: Provenance = field(repr=False)

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
) -> TransientCurrents:
    """Run a spike train through an array in time, and statically, in ngspice.

    The difference of the two says whether the bit lines settle within a pulse.

    Args:
        conductance: Cell conductances, [row, col]. [S]
        v_row: Spike train as pulse heights, [time, row]; 0 is no spike. [V]
        crossbar: Geometry and resistances. [Ω]
        transient: Pulse shape, sampling, capacitances.
        topology: Driven and sensed ends, leads; silent rows must be grounded.
        cell: Law of the cells; Ohm's by default.

    Raises:
        ParameterError: If shapes or values are not physical, or silent rows are not grounded.
        SpiceMissingError: If ngspice is not installed.
        SpiceError: If a run fails or its answer is doubtful.
    """
    v = check_inputs(v_row, crossbar.rows)
    if topology is not None and topology.silent != "grounded":
        msg = f"silent rows are {topology.silent}: in time they can only be grounded"
        raise ParameterError(msg)
    circuit = build_circuit(conductance, crossbar, topology=topology, cell=cell)
    distinct, which = np.unique(v, axis=0, return_inverse=True)
    static = spice_currents(conductance, distinct, crossbar, topology=topology, cell=cell)
    i_static = static.i_col[which.ravel()]
    info = find_ngspice()
    deck = write_transient(circuit, v, transient)
    start = time.perf_counter()
    vectors, log = run_batch(deck, info)
    seconds = time.perf_counter() - start
    i_sample, charge = _steps(vectors, circuit, len(v), transient, deck=deck, log=log)
    provenance = Provenance(
        info.solver, f"batch: {_analysis(len(v), transient)}", _options(circuit), deck_hash(deck),
        seconds,
    )  # fmt: skip
    return TransientCurrents(i_sample, charge, i_static, i_static * transient.pulse, provenance)


def write_transient(circuit: Circuit, v_row: Array, transient: TransientParams) -> str:
    """Write the deck of a circuit under a spike train, [time, row] in V."""
    sources = [
        f"Vin{i} {node} 0 {_pulses(v_row[:, i], transient)}"
        for i, node in zip(circuit.driven, circuit.inputs, strict=True)
    ]
    caps = [f"{c.name} {c.a} {c.b} {c.farad!r}" for c in capacitors(circuit, transient)]
    lines = circuit_lines(circuit, sources, options=_options(circuit), title="transient")
    return "\n".join(
        [*lines, "* capacitances", *caps, *save_lines(_saved(circuit)),
         _analysis(len(v_row), transient), ".end"]
    ) + "\n"  # fmt: skip


def _options(circuit: Circuit) -> tuple[str, ...]:
    return ("klu",) if circuit.linear else ("klu", *_NONLINEAR)


def _saved(circuit: Circuit) -> list[str]:
    return [f"v({node})" for node in circuit.sense_nodes] + [f"i(vin{i})" for i in circuit.driven]


def _analysis(steps: int, transient: TransientParams) -> str:
    longest = min(transient.rise / _POINTS_PER_EDGE, transient.pulse / _POINTS_PER_PULSE)
    return f".tran {longest!r} {steps * transient.period!r} 0 {longest!r}"


def _pulses(heights: Array, transient: TransientParams) -> str:
    """Return the source: piecewise linear through the corners of its pulses."""
    corners = ["0 0"]
    for step, height in enumerate(heights.tolist()):
        # A source may not jump, so every pulse starts a corner after the last step's end.
        begin = step * transient.period
        top, drop = begin + transient.rise, begin + transient.pulse
        if height != 0:
            first = [] if step == 0 else [f"{begin!r} 0"]
            ends = [f"{top!r} {height!r}"]
            if drop > top:
                ends.append(f"{drop!r} {height!r}")
            corners += [*first, *ends, f"{drop + transient.rise!r} 0"]
    return "0" if len(corners) == 1 else f"PWL({' '.join(corners)})"


def _steps(
    vectors: dict[str, Array],
    circuit: Circuit,
    steps: int,
    transient: TransientParams,
    *,
    deck: str,
    log: str,
) -> tuple[Array, Array]:
    """Return sampled currents and charges of each step, [time, col]."""
    lost = [name for name in ("time", *_saved(circuit)) if name not in vectors]
    if lost:
        msg = f"ngspice's results lack {lost[0]}"
        raise SpiceError(msg, deck=deck)
    now = vectors["time"]
    if not np.isclose(now[-1], steps * transient.period) or np.any(np.diff(now) <= 0):
        msg = f"the transient ends at {now[-1]!r} s instead of {steps * transient.period!r} s"
        raise SpiceError(msg, deck=deck, log_tail=log[-500:])
    sensed = np.stack(
        [vectors[f"v({sense.a})"] / sense.ohm for sense in circuit.senses], axis=1
    ).reshape(len(now), -1, circuit.crossbar.cols).sum(axis=1)  # fmt: skip
    given = -np.stack([vectors[f"i(vin{i})"] for i in circuit.driven], axis=1).sum(axis=1)
    _refuse_lost_charge(now, given, sensed.sum(axis=1), deck)
    edges = np.arange(steps + 1, dtype=np.float64) * transient.period
    at = edges[:-1] + transient.sample * transient.pulse
    sample = np.stack([np.interp(at, now, i) for i in sensed.T], axis=1)
    return sample, np.stack([_integrals(now, i, edges) for i in sensed.T], axis=1)


def _refuse_lost_charge(now: Array, given: Array, sensed: Array, deck: str) -> None:
    """What the drivers gave must have arrived, once all capacitances are empty again."""
    total, arrived = _area(now, given), _area(now, sensed)
    if not np.isfinite([total, arrived]).all():
        msg = "ngspice returned currents that are not finite"
        raise SpiceError(msg, deck=deck)
    scale = _area(now, np.abs(given) + np.abs(sensed))
    if abs(sensed[-1]) * now[-1] < _CONSERVATION * scale and (
        abs(total - arrived) > _CONSERVATION * scale
    ):
        msg = f"drivers gave {total!r} C but {arrived!r} C arrived: the time steps are too coarse"
        raise SpiceError(msg, deck=deck)


def _area(now: Array, values: Array) -> float:
    return float((np.diff(now) * (values[1:] + values[:-1]) / 2).sum())


def _integrals(now: Array, values: Array, edges: Array) -> Array:
    """Integrate a piecewise linear curve between successive edges."""
    running = np.concatenate([[0.0], np.cumsum(np.diff(now) * (values[1:] + values[:-1]) / 2)])
    at = np.interp(edges, now, values)
    before = np.clip(np.searchsorted(now, edges, side="right") - 1, 0, len(now) - 1)
    whole = running[before] + (edges - now[before]) * (at + values[before]) / 2
    return np.diff(whole)


def _relative(found: Array, static: Array) -> float:
    scale = float(np.abs(static).max())
    return float(np.abs(found - static).max()) / (scale or 1.0)
