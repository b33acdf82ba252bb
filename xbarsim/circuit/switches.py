"""This module is silence that changes in time: what is cut off while a row is silent, as switches."""

from dataclasses import replace

from xbarsim.circuit.circuit import Circuit, Switch

_SHARE = 1e-5
"""Of its cell's resistance, that of a closed switch: less, and Newton's method stalls on rounding."""

_FLOOR = 0.05
"""Smallest resistance of a closed switch, for the same reason. [Ω]"""


def switched_circuit(circuit: Circuit) -> Circuit:
    """Return the circuit, built with every row active, with the switches of its silent rows.

    Where silent rows float, the drivers become switches of r_driver. Where they are gated, a switch
    of 1e-5 of the cell's resistance joins the word line to each cell. None is below 0.05 Ω. A row
    without a cell stays driven: what it does reaches no column, and adrift it has no voltage.
    """
    if circuit.topology.silent == "gated":
        return _gated(circuit)
    if circuit.topology.silent == "floating":
        return _floating(circuit)
    return circuit


def _gated(circuit: Circuit) -> Circuit:
    switches, cells = [], []
    for cell in circuit.cells:
        place = cell.name.removeprefix("Rm")
        inner = f"sw_{place}"
        row = int(place.split("_")[0])
        switches.append(Switch(f"Xsw{place}", cell.a, inner, max(_SHARE * cell.ohm, _FLOOR), row))
        cells.append(cell._replace(a=inner))
    return replace(circuit, cells=tuple(cells), switches=tuple(switches))


def _floating(circuit: Circuit) -> Circuit:
    rows = {int(cell.name.removeprefix("Rm").split("_")[0]) for cell in circuit.cells}
    switches, drivers = [], []
    for driver in circuit.drivers:
        row = int(driver.a.removeprefix("in_"))
        if row in rows:
            name = f"Xs{driver.name[1:]}"
            switches.append(Switch(name, driver.a, driver.b, max(driver.ohm, _FLOOR), row))
        else:
            drivers.append(driver)
    return replace(circuit, drivers=tuple(drivers), switches=tuple(switches))
