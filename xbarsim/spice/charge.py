"""This module is what a transient run left: currents at sampling times, and charges of each step."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xbarsim.circuit import Circuit
from xbarsim.errors import SpiceError
from xbarsim.parameters import TransientParams
from xbarsim.spice.judge import judge_differences
from xbarsim.spice.pulses import transient_vectors

Array = NDArray[np.float64]

_CONSERVATION = 1e-3
"""Where cells pass little, the wires' charging currents are most of it, and their edges coarse."""


class Steps(NamedTuple):
    """Sampled currents [A] and charges [C] of each step: of columns [time, col], of pairs."""

    i_sample: Array
    charge: Array
    charge_diff: Array | None


def read_steps(
    vectors: dict[str, Array],
    circuit: Circuit,
    steps: int,
    transient: TransientParams,
    *,
    deck: str,
    log: str,
) -> Steps:
    """Return currents at the sampling times and charges of each step.

    Args:
        vectors: What ngspice saved, by name.
        circuit: The array.
        steps: Number of steps.
        transient: Pulse shape, sampling.
        deck: The deck, for errors.
        log: What ngspice printed, for errors.

    Raises:
        SpiceError: If a vector is missing, time is cut short, or charge is lost.
    """
    lost = [name for name in ("time", *transient_vectors(circuit)) if name not in vectors]
    if lost:
        msg = f"ngspice's results lack {lost[0]}"
        raise SpiceError(msg, deck=deck)
    now = vectors["time"]
    if not np.isclose(now[-1], steps * transient.period) or np.any(np.diff(now) <= 0):
        msg = f"the transient ends at {now[-1]!r} s instead of {steps * transient.period!r} s"
        raise SpiceError(msg, deck=deck, log_tail=log[-500:])
    cols = circuit.crossbar.cols
    sensed = _sum_of_ends([vectors[f"v({s.a})"] / s.ohm for s in circuit.senses], cols)
    given = -np.stack([vectors[f"i(vin{i})"] for i in circuit.driven], axis=1).sum(axis=1)
    refuse_lost_charge(now, given, sensed.sum(axis=1), deck)
    edges = np.arange(steps + 1, dtype=np.float64) * transient.period
    at = edges[:-1] + transient.sample * transient.pulse
    sample = np.stack([np.interp(at, now, i) for i in sensed.T], axis=1)
    charge_diff = None
    if circuit.amplifiers:
        shown = [vectors[f"v({e.out})"] / e.ohm for e in circuit.amplifiers]
        difference = _sum_of_ends(shown, cols // 2)
        judge_differences(sensed, difference, deck=deck, log=log)
        charge_diff = _charges(now, difference, edges)
    return Steps(sample, _charges(now, sensed, edges), charge_diff)


def _sum_of_ends(currents: list[Array], width: int) -> Array:
    """Return currents [time point, width], both ends of a line added."""
    table = np.stack(currents, axis=1)
    return np.asarray(table.reshape(len(table), -1, width).sum(axis=1))


def refuse_lost_charge(now: Array, given: Array, sensed: Array, deck: str) -> None:
    """What the drivers gave must have arrived, once all capacitances are empty again.

    Raises:
        SpiceError: If it has not, or currents are not finite.
    """
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


def _charges(now: Array, currents: Array, edges: Array) -> Array:
    return np.stack([integrals(now, current, edges) for current in currents.T], axis=1)


def integrals(now: Array, values: Array, edges: Array) -> Array:
    """Integrate a piecewise linear curve between successive edges."""
    running = np.concatenate([[0.0], np.cumsum(np.diff(now) * (values[1:] + values[:-1]) / 2)])
    at = np.interp(edges, now, values)
    before = np.clip(np.searchsorted(now, edges, side="right") - 1, 0, len(now) - 1)
    whole = running[before] + (edges - now[before]) * (at + values[before]) / 2
    return np.diff(whole)
