"""This module is a spike train as a deck: pulses as sources, silence as switches, and .tran."""

import numpy as np
from numpy.typing import NDArray

from xbarsim.circuit import Circuit, switched_circuit
from xbarsim.circuit.capacitors import capacitors
from xbarsim.parameters import TransientParams
from xbarsim.spice.deck import circuit_lines, save_lines

Array = NDArray[np.float64]

_NONLINEAR = ("reltol=1e-06", "gmin=1e-15")
_POINTS_PER_PULSE = 50
_POINTS_PER_EDGE = 4


def write_transient(
    circuit: Circuit, v_row: Array, transient: TransientParams, *, title: str = "transient"
) -> str:
    """Write the deck of a circuit under a spike train.

    Args:
        circuit: The array, built with every row active.
        v_row: Pulse heights, [time, row]; 0 is no spike, and makes the row silent in its step. [V]
        transient: Pulse shape, sampling, capacitances.
        title: Text for the first line.
    """
    circuit = switched_circuit(circuit)
    sources = [
        f"Vin{i} {node} 0 {_pulses(v_row[:, i], transient)}"
        for i, node in zip(circuit.driven, circuit.inputs, strict=True)
    ]
    sources += [
        f"Vact{i} act_{i} 0 {_activity(v_row[:, i] != 0, transient)}"
        for i in dict.fromkeys(switch.row for switch in circuit.switches)
    ]
    caps = [f"{c.name} {c.a} {c.b} {c.farad!r}" for c in capacitors(circuit, transient)]
    lines = circuit_lines(circuit, sources, options=transient_options(circuit), title=title)
    lines += ["* capacitances", *caps, *save_lines(transient_vectors(circuit))]
    return "\n".join([*lines, transient_analysis(len(v_row), transient), ".end"]) + "\n"


def transient_options(circuit: Circuit) -> tuple[str, ...]:
    """Return the simulator options of the circuit's transient deck."""
    plain = circuit.linear and circuit.topology.silent == "grounded"
    return ("klu",) if plain else ("klu", *_NONLINEAR)


def transient_vectors(circuit: Circuit) -> list[str]:
    """Return what the deck saves: sense node voltages, pair differences, source currents."""
    outs = [f"v({amplifier.out})" for amplifier in circuit.amplifiers]
    senses = [f"v({node})" for node in circuit.sense_nodes]
    return senses + outs + [f"i(vin{i})" for i in circuit.driven]


def transient_analysis(steps: int, transient: TransientParams) -> str:
    """Return the .tran card: up to the end of the last step, in steps that resolve the edges."""
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


def _activity(active: NDArray[np.bool_], transient: TransientParams) -> str:
    """Return 1 V while the row is active: switched at the end of a step, when all inputs are at 0 V."""
    gap = transient.period - transient.pulse - transient.rise
    edge = min(transient.rise, gap / 2)
    states = active.astype(int).tolist()
    corners = [f"0 {states[0]}"]
    for step in range(1, len(states)):
        if states[step] != states[step - 1]:
            begin = step * transient.period
            corners += [f"{begin - edge!r} {states[step - 1]}", f"{begin!r} {states[step]}"]
    return str(states[0]) if len(corners) == 1 else f"PWL({' '.join(corners)})"
