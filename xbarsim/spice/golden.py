"""This module is the committed decks: small arrays that a person can read and run by hand."""

from pathlib import Path

import numpy as np

from xbarsim.circuit import build_circuit
from xbarsim.parameters import load_crossbar, load_device
from xbarsim.spice.deck import write_netlist
from xbarsim.storage import writable_folder, write_atomically

_PRESET = "bhattacharjee2022"


def golden_decks() -> dict[str, str]:
    """Return the decks by file name; the same text on every machine."""
    device = load_device(_PRESET)
    decks = {}
    for rows, cols, vectors in ((2, 2, 1), (4, 3, 1), (4, 3, 3), (8, 8, 1)):
        # Round numbers, chosen by a formula, so that a deck can be followed by hand.
        level = (np.arange(rows)[:, None] * 3 + np.arange(cols) * 2) % 7 / 6
        conductance = device.g_min + level * (device.g_max - device.g_min)
        conductance = np.round(conductance, 7)
        step = np.arange(vectors * rows).reshape(vectors, rows)
        v_row = np.round(device.v_read * ((step * 3 + 1) % 5 / 4), 3)
        crossbar = load_crossbar(_PRESET, rows=rows, cols=cols)
        kind = "op" if vectors == 1 else "sweep"
        title = f"{_PRESET}, {kind}; written by `xbarsim netlist --golden netlists`"
        circuit = build_circuit(conductance, crossbar)
        decks[f"{rows}x{cols}_{kind}.cir"] = write_netlist(circuit, v_row, title=title)
    return decks


def refresh_golden(folder: Path, *, check: bool) -> list[Path]:
    """Write the decks whose files differ, or with ``check`` only name them."""
    stale = []
    for name, deck in golden_decks().items():
        path = folder / name
        if not path.exists() or path.read_text() != deck:
            stale.append(path)
            if not check:
                write_atomically(writable_folder(folder) / name, deck)
    return stale
