"""This module is the third question: do the usual assumptions hold for this design?"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbarsim.circuit import build_circuit
from xbarsim.design.array import ArrayDesign
from xbarsim.design.errors import Comparison, compare
from xbarsim.design.sample import DENSITIES, Sample
from xbarsim.design.solve import column_currents, wireless_currents
from xbarsim.design.spot import Deck, for_spice, spice_vector
from xbarsim.fast import effective_conductance
from xbarsim.parameters import LinearCell, TransientParams
from xbarsim.spice import spice_transient
from xbarsim.spice.pulses import write_transient

Array = NDArray[np.float64]

_LARGEST = 64
_PATTERNS = 6
_FINEST_EDGE = 200


@dataclass(frozen=True)
class Assumption:
    """One assumption and what it costs.

    Attributes:
        statement: The assumption, as a sentence.
        measured: What was compared, in words.
        error: Largest error that it makes, of full scale; ``None`` when there is nothing to test. [1]
        error_gain: The same after column gain, where it means something.
        error_spice: The raw error of the worst vector, with ngspice for the truth.
        holds: Whether the raw error stays within the budget.
        deck: The circuit that shows it.
    """

    statement: str
    measured: str
    error: float | None
    error_gain: float | None
    error_spice: float | None
    holds: bool
    deck: Deck | None


def check_assumptions(
    design: ArrayDesign,
    sample: Sample,
    budget: float,
    on_step: Callable[[str], None] = lambda _: None,
) -> tuple[Assumption, ...]:
    """Test linear cells, grounded silent rows, static operation and float32.

    Arrays beyond 64x64 are tested at 64: ngspice takes minutes above, and in time longer.
    """
    tile = design.sized(*(min(n, _LARGEST) for n in design.crossbar.shape))
    found = []
    for test in (_linear, _floating, _gated, _static, _float32):
        found.append(test(tile, sample, budget))
        on_step("assumptions")
    return tuple(found)


ASSUMPTIONS = 5
"""How often ``check_assumptions`` reports a step."""


def _linear(design: ArrayDesign, sample: Sample, budget: float) -> Assumption:
    statement = f"cells are linear at {design.device.v_read:g} V"
    if isinstance(design.cell, LinearCell):
        said = "the parameters give Ohm's law; a [cell] table with measured points would test it"
        return Assumption(statement, said, None, None, None, holds=True, deck=None)
    g, v_row = sample.conductance(design, 0), sample.inputs(design)
    assumed = column_currents(design.with_cell(LinearCell()), _chords(design, g), v_row)
    trial = compare(assumed, column_currents(design, g, v_row))
    measured = f"resistors that match the {design.cell.kind} cells at V_read, in the same array"
    return _judged(design, g, v_row, trial, budget, statement, measured, "linear-cells")


def _chords(design: ArrayDesign, g: Array) -> Array:
    """Return I(V_read) / V_read of every cell, [row, col]. [S]"""
    one = design.sized(1, g.size)
    v_read = np.full((1, 1), design.device.v_read)
    current = wireless_currents(one, g.reshape(1, -1), v_read)
    return np.asarray(current.reshape(g.shape) / design.device.v_read)


def _floating(design: ArrayDesign, sample: Sample, budget: float) -> Assumption:
    return _silent(design, sample, budget, "floating")


def _gated(design: ArrayDesign, sample: Sample, budget: float) -> Assumption:
    return _silent(design, sample, budget, "gated")


def _silent(design: ArrayDesign, sample: Sample, budget: float, silent: str) -> Assumption:
    """Compare the one matrix of grounded rows with rows that are silent in another way."""
    g = sample.conductance(design, 0)
    v_row = np.stack(
        [sample.spikes(design, DENSITIES[k % len(DENSITIES)], k % len(sample.chance))
         for k in range(_PATTERNS)]
    )  # fmt: skip
    truth = design.connected(silent=silent)
    grounded = column_currents(design.connected(silent="grounded"), g, v_row)
    trial = compare(grounded, column_currents(truth, g, v_row))
    statement = f"{silent} silent rows are like grounded"
    measured = f"spikes at {', '.join(f'{d:.0%}' for d in DENSITIES)} of the rows"
    return _judged(truth, g, v_row, trial, budget, statement, measured, f"silent-{silent}")


def _static(design: ArrayDesign, sample: Sample, budget: float) -> Assumption:
    """Compare the current at the sampling time of a pulse with the operating point, in ngspice."""
    design, pulse = for_spice(design), _resolvable(design.transient)
    g, v = sample.conductance(design, 0), sample.spikes(design, max(DENSITIES), 0)[None, :]
    found = spice_transient(
        g, v, design.crossbar, pulse, topology=design.topology, cell=design.cell
    )
    circuit = build_circuit(g, design.crossbar, topology=design.topology, cell=design.cell)
    return Assumption(
        f"lines settle in a pulse of {1e9 * pulse.pulse:g} ns",
        f"ngspice in time, sampled after {pulse.sample:.0%} of the pulse; the charge differs by "
        f"{found.charge_difference:.2e}",
        found.sample_difference, None, found.sample_difference,
        holds=found.sample_difference <= budget,
        deck=Deck("assumption-static.cir", write_transient(circuit, v, pulse)),
    )  # fmt: skip


def _resolvable(transient: TransientParams) -> TransientParams:
    return transient.replace(rise=max(transient.rise, transient.pulse / _FINEST_EDGE))


def _float32(design: ArrayDesign, sample: Sample, budget: float) -> Assumption:
    """Compare the linear array's matrix in single precision with double precision."""
    plain = ArrayDesign(
        design.device, design.crossbar, type(design.topology)(), LinearCell(), design.transient
    )
    g, v_row = sample.conductance(plain, 0), sample.inputs(plain)
    single = effective_conductance(g.astype(np.float32), plain.crossbar)
    trial = compare((v_row.astype(np.float32) @ single).astype(np.float64),
                    column_currents(plain, g, v_row))  # fmt: skip
    return _judged(
        plain, g, v_row, trial, budget, "float32 is enough",
        "single against double precision; linear cells, grounded rows", "float32",
    )  # fmt: skip


def _judged(
    truth: ArrayDesign,
    g: Array,
    v_row: Array,
    trial: Comparison,
    budget: float,
    statement: str,
    measured: str,
    name: str,
) -> Assumption:
    """Confirm the worst vector by ngspice, which runs the truth, and give the verdict."""
    error, outputs = trial.summary(), np.abs(trial.errors("raw"))
    b, j = (int(n) for n in np.unravel_index(int(outputs.argmax()), outputs.shape))
    title = f"{statement}: column {j} is assumed to carry {trial.found[b, j]:.9e} A"
    spice = spice_vector(truth, g, v_row[b], title)
    again = float(np.abs(trial.found[b] - spice.i_col).max()) / trial.scale
    return Assumption(
        statement, measured, error.raw, error.gain, again, holds=error.raw <= budget,
        deck=Deck(f"assumption-{name}.cir", spice.deck),
    )  # fmt: skip
