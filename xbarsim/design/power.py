"""This module is the fourth question: power and energy of a read, and where they go."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbarsim.circuit import Resistor, build_circuit
from xbarsim.design.array import ArrayDesign
from xbarsim.design.sample import DENSITIES, Sample
from xbarsim.errors import SolveError
from xbarsim.fast import NonlinearSolution
from xbarsim.fast.state import array_state
from xbarsim.parameters import CrossbarParams
from xbarsim.reference.cells import cell_current
from xbarsim.reference.network import CircuitSolution, solve_circuit

Array = NDArray[np.float64]

PARTS = ("cells", "drivers", "wires", "sense")
_VECTORS = 4
_CONSERVED = 1e-10
_CONSERVED_SMALL = 1e-6


@dataclass(frozen=True)
class PowerSplit:
    """Power of reads, one value a vector, [batch] each.

    Attributes:
        source: What the row sources deliver. [W]
        cells: What the cells turn into heat. [W]
        drivers: What the drivers' resistances turn into heat. [W]
        wires: What word lines and bit lines turn into heat. [W]
        sense: What the sense resistors turn into heat. [W]
    """

    source: Array
    cells: Array
    drivers: Array
    wires: Array
    sense: Array

    @property
    def imbalance(self) -> float:
        """Largest |source - parts| / source [1]; energy is conserved when it is rounding."""
        parts = sum(getattr(self, part) for part in PARTS)
        return float((np.abs(self.source - parts) / np.maximum(np.abs(self.source), 1e-300)).max())


def split_power(state: NonlinearSolution, v_row: Array, crossbar: CrossbarParams) -> PowerSplit:
    r"""Split the power of reads by the cells' currents.

    A word-line segment carries all cells beyond it, a bit-line segment all cells above it, so that
    $\sum V_i I_i = \sum i u + R_d \sum I_i^2 + R_{row} \sum_{j>0} (\sum_{k \ge j} i_{ik})^2 + \dots$
    """
    i = state.i_cell
    along, down = i[..., ::-1].cumsum(axis=2)[..., ::-1], i.cumsum(axis=1)
    r_driver, r_row, r_col, r_sense = crossbar.resistances
    return PowerSplit(
        (v_row * along[..., 0]).sum(axis=1),
        (i * state.v_cell).sum(axis=(1, 2)),
        r_driver * (along[..., 0] ** 2).sum(axis=1),
        r_row * (along[..., 1:] ** 2).sum(axis=(1, 2))
        + r_col * (down[:, :-1] ** 2).sum(axis=(1, 2)),
        r_sense * (down[:, -1] ** 2).sum(axis=1),
    )


def read_power(design: ArrayDesign, conductance: Array, v_row: Array) -> PowerSplit:
    """Return where the power of reads [batch, row] of cells [row, col] goes.

    Raises:
        SolveError: If the parts do not add up to what the sources deliver, to 1e-10
            (1e-6 with resistances below 1 Ω).
    """
    if design.plain:
        state = array_state(
            conductance, v_row, design.crossbar, design.cell, silent_rows=design.topology.silent
        )
        found = split_power(state, v_row, design.crossbar)
    else:
        splits = [_nodal_power(design, conductance, v) for v in v_row]
        names = ("source", *PARTS)
        found = PowerSplit(*(np.array([getattr(s, n)[0] for s in splits]) for n in names))
    if found.imbalance > _limit(design):
        msg = f"energy is not conserved: sources and parts differ by {found.imbalance:.1e}"
        raise SolveError(msg)
    return found


def _limit(design: ArrayDesign) -> float:
    """A voltage across milliohms is a difference of near equals, and the oracle puts 1 mΩ for 0."""
    least = 0.0 if design.plain else 1e-3
    small = [ohm for ohm in design.crossbar.resistances if 0 < max(ohm, least) < 1]
    return _CONSERVED_SMALL if small else _CONSERVED


def _nodal_power(design: ArrayDesign, conductance: Array, v: Array) -> PowerSplit:
    """Sum over every resistor of the circuit, whatever its ends and leads."""
    active = None if design.topology.silent == "grounded" else v != 0
    circuit = build_circuit(
        conductance, design.crossbar, topology=design.topology, cell=design.cell, active=active
    )
    found = solve_circuit(circuit, v)
    a, b = (_voltages(found, [getattr(c, end) for c in circuit.cells]) for end in "ab")
    g = 1.0 / np.array([c.ohm for c in circuit.cells])
    current = cell_current(design.cell, g, a, b)[0]
    heat = [_heat(found, part) for part in (circuit.drivers, circuit.wires, circuit.senses)]
    parts = [float((current * (a - b)).sum()), *heat]
    return PowerSplit(np.array([float(v @ found.i_row[0])]), *(np.array([p]) for p in parts))


def _heat(found: CircuitSolution, resistors: tuple[Resistor, ...]) -> float:
    a, b = (_voltages(found, [getattr(r, end) for r in resistors]) for end in "ab")
    return float(((a - b) ** 2 / np.array([r.ohm for r in resistors])).sum())


def _voltages(found: CircuitSolution, nodes: list[str]) -> Array:
    return np.asarray(found.voltages[0, [found.nodes[node] for node in nodes]])


@dataclass(frozen=True)
class ReadEnergy:
    """Mean power and energy of one kind of input.

    Attributes:
        inputs: Which inputs, in words.
        power: Mean power of a read. [W]
        energy: Energy of a read, one pulse long. [J]
        per_spike: Energy of a read by the number of its spikes; ``None`` for analogue inputs. [J]
        shares: Share of each part, by name. [1]
        imbalance: Largest |source - parts| / source. [1]
    """

    inputs: str
    power: float
    energy: float
    per_spike: float | None
    shares: dict[str, float]
    imbalance: float


def read_energies(
    design: ArrayDesign, sample: Sample, on_step: Callable[[str], None] = lambda _: None
) -> tuple[ReadEnergy, ...]:
    """Return the energy of dense, analogue reads, and of spikes at each density, of the first array."""
    g = sample.conductance(design, 0)
    rows, v_read = design.crossbar.rows, design.device.v_read
    cases = [("dense", v_read * sample.dense[:_VECTORS, :rows])]
    for density in DENSITIES:
        vectors = [
            sample.spikes(design, density, k) for k in range(min(_VECTORS, len(sample.chance)))
        ]
        cases.append((f"{density:.0%} spikes", np.stack(vectors)))
    found = []
    for k, (words, v_row) in enumerate(cases):
        split = read_power(design, g, v_row)
        found.append(_energy(words, split, design.transient.pulse, v_row if k else None))
        on_step("energy")
    return tuple(found)


ENERGIES = 1 + len(DENSITIES)
"""How often ``read_energies`` reports a step."""


def _energy(words: str, split: PowerSplit, pulse: float, spikes: Array | None) -> ReadEnergy:
    power = float(split.source.mean())
    per_spike = None
    if spikes is not None:
        per_spike = float(split.source.sum() * pulse / (spikes != 0).sum())
    shares = {part: float(getattr(split, part).mean()) / power for part in PARTS}
    return ReadEnergy(words, power, power * pulse, per_spike, shares, split.imbalance)
