"""This module is the IR-drop maps of a record's worst circuit, one for each input pattern."""

import numpy as np
from numpy.typing import NDArray

from xbarsim.circuit import build_circuit
from xbarsim.reference import solve_circuit
from xbarsim.report.content import Picture, Slides
from xbarsim.report.figures import ir_drop_map
from xbarsim.report.pictures import grid_table
from xbarsim.validation import ValidationRecord
from xbarsim.validation.circuits import TestCircuit
from xbarsim.validation.decks import worst_circuit

Array = NDArray[np.float64]

_PATTERNS = 5


def drop_slides(record: ValidationRecord) -> Slides:
    """Return maps of the share of V_read that every cell of the worst circuit loses to the wires.

    Raises:
        ParameterError: If the circuit was given by hand, or the cells' law is the user's own.
        StorageError: If the circuit is a tile of a checkpoint that is not there.
    """
    circuit = worst_circuit(record)
    order = np.argsort(-circuit.densities, kind="stable")
    chosen = order[np.unique(np.linspace(0, len(order) - 1, _PATTERNS).round().astype(int))]
    v_read = record.setting.device.v_read
    maps = [cell_drop(circuit, int(k)) / v_read for k in chosen]
    most = max(float(np.nanmax(drop)) for drop in maps)
    pictures = []
    for k, drop in zip(chosen, maps, strict=True):
        v = circuit.v_row[k]
        kind = "spikes" if set(np.unique(v)) <= {0.0, v_read} else "analogue"
        share = f"{100 * circuit.densities[k]:.0f} % of rows driven"
        title = f"input {int(k)}: {circuit.size}, {kind}, {share}"
        caption = (
            f"Circuit {circuit.name}. Up to {100 * float(np.nanmax(drop)):.1f} % of the "
            "read voltage do not reach a cell."
        )
        pictures.append(Picture(title, caption, ir_drop_map(drop, title, most), grid_table(drop)))
    return Slides("IR drop in the worst circuit", pictures)


def cell_drop(circuit: TestCircuit, vector: int) -> Array:
    """Return the input of the row minus the voltage across each cell, [row, col]; blank if open. [V]"""
    v = circuit.v_row[vector]
    silent = circuit.topology.silent
    built = build_circuit(
        circuit.conductance, circuit.crossbar, topology=circuit.topology, cell=circuit.cell,
        active=None if silent == "grounded" else v != 0,
    )  # fmt: skip
    solution = solve_circuit(built, v)
    rows, cols = circuit.crossbar.shape
    drop = np.full((rows, cols), np.nan)
    for cell in built.cells:
        i, j = (int(part) for part in cell.name.removeprefix("Rm").split("_"))
        a, b = (solution.voltages[0, solution.nodes[node]] for node in (cell.a, cell.b))
        drop[i, j] = v[i] - (a - b)
    return drop
