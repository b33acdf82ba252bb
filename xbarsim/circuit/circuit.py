"""This module is the circuit as data: named resistors between named nodes, and what is measured."""

from dataclasses import dataclass
from typing import NamedTuple

from xbarsim.parameters import CrossbarParams

R_FLOOR = 1e-3
"""Written into a deck instead of a zero resistance [Ω]: ngspice would do so silently."""

GROUND = "0"


class Resistor(NamedTuple):
    """A linear two-terminal element."""

    name: str
    a: str
    b: str
    ohm: float


@dataclass(frozen=True)
class Circuit:
    """One crossbar array, driven at ``inputs`` and sensed in ``senses``.

    Attributes:
        crossbar: Geometry and resistances that it was built from.
        inputs: Node that source ``i`` drives, one per word line.
        drivers: Resistor from each input to its word line.
        wires: Word-line and bit-line segments.
        cells: Resistor of each cell, row by row; cells of zero conductance are absent.
        senses: Resistor from each bit line to ground; its current is the column current.
    """

    crossbar: CrossbarParams
    inputs: tuple[str, ...]
    drivers: tuple[Resistor, ...]
    wires: tuple[Resistor, ...]
    cells: tuple[Resistor, ...]
    senses: tuple[Resistor, ...]

    @property
    def resistors(self) -> tuple[Resistor, ...]:
        """All resistors, in the order in which a deck lists them."""
        return self.drivers + self.wires + self.cells + self.senses

    @property
    def sense_nodes(self) -> tuple[str, ...]:
        """The node above each sense resistor."""
        return tuple(sense.a for sense in self.senses)
