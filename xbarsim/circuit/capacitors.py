"""This module is the capacitances of an array: wires to ground, and across the cells."""

from typing import NamedTuple

from xbarsim.circuit.circuit import GROUND, Circuit
from xbarsim.parameters import TransientParams


class Capacitor(NamedTuple):
    """A linear capacitor."""

    name: str
    a: str
    b: str
    farad: float


def capacitors(circuit: Circuit, transient: TransientParams) -> tuple[Capacitor, ...]:
    """Return a capacitor at every wire node, leads included, and across every cell; none of zero.

    Behind a switch there is no wire, so that a cell which is cut off keeps no charge but its own.
    """
    resistors = circuit.drivers + circuit.wires + circuit.cells + circuit.senses
    ends = [(r.a, r.b) for r in resistors] + [(s.a, s.b) for s in circuit.switches]
    nodes = dict.fromkeys(
        node
        for pair in ends
        for node in pair
        if node != GROUND and node not in circuit.inputs and not node.startswith("sw_")
    )
    per_node = {"w": transient.c_wire_row, "b": transient.c_wire_col}
    lead = {"ll": "w", "lr": "w", "lb": "b", "lt": "b"}
    wires = [
        Capacitor(f"C{node}", node, GROUND, per_node[lead.get(node[:2], node[0])]) for node in nodes
    ]
    across = [Capacitor(f"Cx{c.name[2:]}", c.a, c.b, transient.c_cell) for c in circuit.cells]
    return tuple(capacitor for capacitor in wires + across if capacitor.farad > 0)
