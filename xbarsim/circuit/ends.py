"""This module is the ends of the lines: drivers, sense resistors, and the leads to both."""

import itertools

from xbarsim.circuit.circuit import GROUND, R_FLOOR, Resistor
from xbarsim.parameters import CrossbarParams, TopologyParams

Resistors = tuple[Resistor, ...]


def row_ends(
    crossbar: CrossbarParams, topology: TopologyParams, driven: tuple[int, ...]
) -> tuple[Resistors, Resistors]:
    """Return drivers (all left ends, then all right ends) and the segments of their leads."""
    ends = [("Rd", "Rlr", "ll", 0)]
    if topology.drive == "both":
        ends.append(("Re", "Rlq", "lr", crossbar.cols - 1))
    drivers, leads = [], []
    for driver, lead, node, j in ends:
        for i in driven:
            chain = [f"{node}_{k}_{i}" for k in range(topology.lead_row)] + [f"wl_{i}_{j}"]
            ohm = max(crossbar.r_driver, R_FLOOR)
            drivers.append(Resistor(f"{driver}{i}", f"in_{i}", chain[0], ohm))
            leads += _chain(f"{lead}{i}", chain, crossbar.r_wire_row)
    return tuple(drivers), tuple(leads)


def sense_ends(crossbar: CrossbarParams, topology: TopologyParams) -> tuple[Resistors, Resistors]:
    """Return sense resistors (all lower ends, then all upper ends) and the segments of their leads."""
    ends = [("Rs", "Rlc", "lb", crossbar.rows - 1)]
    if topology.sense == "both":
        ends.append(("Rt", "Rlu", "lt", 0))
    senses, leads = [], []
    for sense, lead, node, i in ends:
        for j in range(crossbar.cols):
            chain = [f"bl_{i}_{j}"] + [f"{node}_{k}_{j}" for k in range(topology.lead_col)]
            ohm = max(crossbar.r_sense, R_FLOOR)
            senses.append(Resistor(f"{sense}{j}", chain[-1], GROUND, ohm))
            leads += _chain(f"{lead}{j}", chain, crossbar.r_wire_col)
    return tuple(senses), tuple(leads)


def _chain(name: str, nodes: list[str], ohm: float) -> list[Resistor]:
    return [
        Resistor(f"{name}_{k}", a, b, max(ohm, R_FLOOR))
        for k, (a, b) in enumerate(itertools.pairwise(nodes))
    ]
