"""This module is the circuit as data: named resistors between named nodes, and what is measured."""

from dataclasses import dataclass, field
from typing import NamedTuple

from xbarsim.parameters import CellParams, CrossbarParams, LinearCell, TopologyParams

R_FLOOR = 1e-3
"""Written into a deck instead of a zero resistance [Ω]: ngspice would do so silently."""

GROUND = "0"


class Resistor(NamedTuple):
    """A linear two-terminal element."""

    name: str
    a: str
    b: str
    ohm: float


class Amplifier(NamedTuple):
    """An ideal difference amplifier of gain 1 across the sense resistors of a pair."""

    name: str
    out: str
    plus: str
    minus: str
    ohm: float


class Switch(NamedTuple):
    """A resistor that is there only while its row is active."""

    name: str
    a: str
    b: str
    ohm: float
    row: int


@dataclass(frozen=True)
class Circuit:
    """One crossbar array, driven at ``inputs`` and sensed in ``senses``.

    Attributes:
        crossbar: Geometry and resistances that it was built from.
        inputs: Node that each source drives, one per driven word line.
        drivers: Resistors from the inputs to their word lines.
        wires: Word-line and bit-line segments, leads last.
        cells: Each cell by its low-voltage resistance, row by row; zero conductances are absent.
        senses: Resistors from the bit lines to ground; sense k belongs to column k modulo cols.
        driven: Row of each input; a floating row has none.
        cell: Law of every cell.
        topology: Ends, silent rows, pairs and leads that it was built with.
        amplifiers: Differences of columns; amplifier k belongs to pair k modulo cols / 2.
        switches: What is cut off while a row is silent, in time; none in a static circuit.
    """

    crossbar: CrossbarParams
    inputs: tuple[str, ...]
    drivers: tuple[Resistor, ...]
    wires: tuple[Resistor, ...]
    cells: tuple[Resistor, ...]
    senses: tuple[Resistor, ...]
    driven: tuple[int, ...]
    cell: CellParams = field(default_factory=LinearCell)
    topology: TopologyParams = field(default_factory=TopologyParams)
    amplifiers: tuple[Amplifier, ...] = ()
    switches: tuple[Switch, ...] = ()

    @property
    def linear(self) -> bool:
        """Whether every element obeys Ohm's law, so that responses add up."""
        return isinstance(self.cell, LinearCell)

    @property
    def resistors(self) -> tuple[Resistor, ...]:
        """All resistors, in the order in which a deck lists them; cells only when linear."""
        return self.drivers + self.wires + (self.cells if self.linear else ()) + self.senses

    @property
    def sense_nodes(self) -> tuple[str, ...]:
        """The node above each sense resistor."""
        return tuple(sense.a for sense in self.senses)
