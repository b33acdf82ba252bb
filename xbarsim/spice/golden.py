"""This module is the committed decks: small arrays that a person can read and run by hand."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xbarsim.circuit import Circuit, build_circuit
from xbarsim.parameters import (
    CellParams,
    DeviceParams,
    LinearCell,
    PolynomialCell,
    SelectorCell,
    SinhCell,
    TableCell,
    TopologyParams,
    TransistorCell,
    load_crossbar,
    load_device,
)
from xbarsim.spice.deck import write_netlist
from xbarsim.spice.subckt import shipped_libraries
from xbarsim.storage import writable_folder, write_atomically

_PRESET = "bhattacharjee2022"

_CELLS: dict[str, CellParams] = {
    "sinh": SinhCell(v0=0.25),
    "polynomial": PolynomialCell(a2=0.5, a3=2.0),
    "table": TableCell(v=(-1.0, -0.1, 0.0, 0.1, 1.0), u=(-2.8, -0.1, 0.0, 0.1, 2.8)),
    "1t1r": TransistorCell(),
    "1s1r": SelectorCell(),
}

_TOPOLOGIES = {
    "drive_both": TopologyParams(drive="both"),
    "sense_both": TopologyParams(sense="both"),
    "floating": TopologyParams(silent="floating"),
    "gated": TopologyParams(silent="gated"),
    "leads": TopologyParams(lead_row=2, lead_col=1),
}


def golden_files() -> dict[str, str]:
    """Return decks and cell libraries by their path in the folder; the same on every machine."""
    files = {f"cells/{name}": text for name, text in shipped_libraries().items()}
    for rows, cols, vectors in ((2, 2, 1), (4, 3, 1), (4, 3, 3), (8, 8, 1)):
        kind = "op" if vectors == 1 else "sweep"
        files[f"{rows}x{cols}_{kind}.cir"] = _deck(rows, cols, vectors, kind)
    for name, cell in _CELLS.items():
        files[f"4x4_{name}.cir"] = _deck(4, 4, 1, f"{name} cells", cell=cell)
    for name, topology in _TOPOLOGIES.items():
        files[f"4x4_{name}.cir"] = _deck(4, 4, 1, f"{name} topology", topology=topology)
    return files


def _deck(
    rows: int,
    cols: int,
    vectors: int,
    kind: str,
    *,
    cell: CellParams | None = None,
    topology: TopologyParams | None = None,
) -> str:
    device = load_device(_PRESET)
    conductance, v_row = _numbers(device, rows, cols, vectors)
    silent = topology is not None and topology.silent != "grounded"
    circuit: Circuit = build_circuit(
        conductance,
        load_crossbar(_PRESET, rows=rows, cols=cols),
        cell=cell or LinearCell(),
        topology=topology,
        active=v_row[0] != 0 if silent else None,
    )
    title = f"{_PRESET}, {kind}; written by `xbarsim netlist --golden netlists`"
    return write_netlist(circuit, v_row, title=title)


def _numbers(
    device: DeviceParams, rows: int, cols: int, vectors: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return round numbers, chosen by a formula, so that a deck can be followed by hand."""
    level = (np.arange(rows)[:, None] * 3 + np.arange(cols) * 2) % 7 / 6
    conductance = np.round(device.g_min + level * (device.g_max - device.g_min), 7)
    step = np.arange(vectors * rows).reshape(vectors, rows)
    return conductance, np.round(device.v_read * ((step * 3 + 1) % 5 / 4), 3)


def refresh_golden(folder: Path, *, check: bool) -> list[Path]:
    """Write the files that differ and name them; with ``check`` only name them."""
    stale = []
    for name, text in golden_files().items():
        path = folder / name
        if not path.exists() or path.read_text() != text:
            stale.append(path)
            if not check:
                write_atomically(writable_folder(path.parent) / path.name, text)
    return stale
