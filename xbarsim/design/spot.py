"""This module is ngspice's word: the worst vector of an answer, run as a full circuit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbarsim.circuit import build_circuit
from xbarsim.design.array import ArrayDesign
from xbarsim.design.errors import Comparison, Measure, try_design
from xbarsim.design.sample import Sample
from xbarsim.spice import spice_currents, write_netlist

Array = NDArray[np.float64]

LEAST_OHM = 0.05
"""Smallest resistance in a deck [Ω]: through less, ngspice's currents lose what they are judged by."""


@dataclass(frozen=True)
class Deck:
    """A deck to run by hand: its file's name and its text."""

    name: str
    text: str


@dataclass(frozen=True)
class SpotCheck:
    """One vector of one array, by the model and by ngspice.

    Attributes:
        error: Error of the answer, with the model's currents of this vector. [1]
        error_spice: The same with ngspice's currents.
        difference: Largest |I_model - I_ngspice| of the vector, as a share of full scale.
        solver: Name of the simulator.
        deck: The circuit.
    """

    error: float
    error_spice: float
    difference: float
    solver: str
    deck: Deck


def spot_check(
    design: ArrayDesign, sample: Sample, measure: Measure, name: str, *, of_signal: bool = False
) -> SpotCheck:
    """Run the vector with the largest error of the sample in ngspice.

    Raises:
        SpiceMissingError: If ngspice is not installed.
        SpiceError: If the run fails or its answer is doubtful.
    """
    v_row = sample.inputs(design)
    arrays = [sample.conductance(design, k) for k in range(sample.arrays)]
    trials = [try_design(design, g, v_row, of_signal=of_signal) for g in arrays]
    k = max(range(len(trials)), key=lambda n: np.abs(trials[n].errors(measure)).max())
    return confirm(design, arrays[k], v_row, trials[k], measure, name)


def confirm(
    design: ArrayDesign,
    conductance: Array,
    v_row: Array,
    trial: Comparison,
    measure: Measure,
    name: str,
) -> SpotCheck:
    """Run the vector with the largest error of a trial [batch, row] in ngspice."""
    error = np.abs(trial.errors(measure))
    b, j = (int(n) for n in np.unravel_index(int(error.argmax()), error.shape))
    words = "raw" if measure == "raw" else "after column gain"
    title = (
        f"{name}: column {j} should carry {trial.wanted[b, j]:.6e} A; {words} it is off by "
        f"{error[b, j]:.4%} of {trial.scale:.6e} A"
    )
    spice = spice_vector(design, conductance, v_row[b], title)
    again = trial.gain(measure) * spice.i_col - trial.wanted[b]
    return SpotCheck(
        float(error[b, j]),
        float(np.abs(again).max()) / trial.scale,
        float(np.abs(trial.found[b] - spice.i_col).max()) / trial.scale,
        spice.solver,
        Deck(f"{name}.cir", spice.deck),
    )


@dataclass(frozen=True)
class SpiceVector:
    """Column currents [col] of one vector in A, the simulator, and the text of the deck."""

    i_col: Array
    solver: str
    deck: str


def for_spice(design: ArrayDesign) -> ArrayDesign:
    """Return the design as ngspice can solve it: without zeros and milliohms, which cost digits."""
    names = ("r_driver", "r_wire_row", "r_wire_col", "r_sense")
    return design.wired(**{n: max(getattr(design.crossbar, n), LEAST_OHM) for n in names})


def spice_vector(design: ArrayDesign, conductance: Array, v: Array, title: str) -> SpiceVector:
    """Run one vector [row] in ngspice; resistances below ``LEAST_OHM`` are raised to it."""
    design = for_spice(design)
    active = None if design.topology.silent == "grounded" else v != 0
    circuit = build_circuit(
        conductance, design.crossbar, topology=design.topology, cell=design.cell, active=active
    )
    run = spice_currents(
        conductance, v, design.crossbar, topology=design.topology, cell=design.cell
    )
    deck = write_netlist(circuit, v[None, :], title=title)
    return SpiceVector(run.i_col[0], run.provenance.solver, deck)
