"""This module is the committed decks: small arrays that a person can read and run by hand."""

from pathlib import Path
from typing import Literal

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
    SubcircuitCell,
    TableCell,
    TopologyParams,
    TransientParams,
    TransistorCell,
    load_crossbar,
    load_device,
)
from xbarsim.spice.deck import write_netlist
from xbarsim.spice.pulses import write_transient
from xbarsim.spice.subckt import library_path, shipped_libraries
from xbarsim.storage import writable_folder, write_atomically

_PRESET = "bhattacharjee2022"
_WRITTEN = "written by `xbarsim netlist --golden netlists`"

_CELLS: dict[str, CellParams] = {
    "sinh": SinhCell(v0=0.25),
    "polynomial": PolynomialCell(a2=0.5, a3=2.0),
    "table": TableCell(v=(-1.0, -0.1, 0.0, 0.1, 1.0), u=(-2.8, -0.1, 0.0, 0.1, 2.8)),
    "1t1r": TransistorCell(),
    "1s1r": SelectorCell(),
    "own_device": SubcircuitCell(path=library_path("own_device.lib"), subckt="own_device"),
}

_TOPOLOGIES = {
    "drive_both": TopologyParams(drive="both"),
    "sense_both": TopologyParams(sense="both"),
    "floating": TopologyParams(silent="floating"),
    "gated": TopologyParams(silent="gated"),
    "leads": TopologyParams(lead_row=2, lead_col=1),
    "differential": TopologyParams(columns="differential"),
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
    files["4x4_wires.cir"] = _deck(4, 4, 1, "a resistance for every wire segment", uneven=True)
    for silent in ("grounded", "floating", "gated"):
        files[f"3x2_transient_{silent}.cir"] = _transient(silent)
    return files


def _transient(silent: Literal["grounded", "floating", "gated"]) -> str:
    """Return three time-steps of a 3x2 array."""
    device = load_device(_PRESET)
    conductance, _ = _numbers(device, 3, 2, 1)
    circuit = build_circuit(
        conductance, load_crossbar(_PRESET, rows=3, cols=2), topology=TopologyParams(silent=silent)
    )
    train = device.v_read * np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 1.0, 0.0]])
    return write_transient(circuit, train, TransientParams(), title=f"{silent} rows, {_WRITTEN}")


def _deck(
    rows: int,
    cols: int,
    vectors: int,
    kind: str,
    *,
    cell: CellParams | None = None,
    topology: TopologyParams | None = None,
    uneven: bool = False,
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
        r_wire_row=5.0 + np.arange(rows * (cols - 1)).reshape(rows, -1) if uneven else None,
        r_wire_col=10.0 + np.arange((rows - 1) * cols).reshape(-1, cols) if uneven else None,
    )
    return write_netlist(circuit, v_row, title=f"{_PRESET}, {kind}; {_WRITTEN}")


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
