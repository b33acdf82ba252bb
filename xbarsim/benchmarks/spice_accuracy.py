"""This module is how far ngspice is from independent answers: bent cells, time, conservation."""

import numpy as np

from xbarsim.circuit import build_circuit
from xbarsim.parameters import (
    CellParams,
    SinhCell,
    TopologyParams,
    TransientParams,
    TransistorCell,
    load_crossbar,
    load_device,
)
from xbarsim.reference import solve_circuit
from xbarsim.spice import spice_currents, spice_transient

Figures = dict[str, tuple[float, str]]

_PRESET = "bhattacharjee2022"
_CELLS: tuple[tuple[CellParams, str], ...] = (
    (SinhCell(), "<= 1e-8"),
    (TransistorCell(), "<= 1e-6"),
)


def bench_spice_accuracy(*, quick: bool) -> Figures:
    """Compare ngspice with Newton's method on scipy's LU, and charges in time with static ones.

    Nothing is timed, so a busy machine gives the same figures; a quick run measures all of them.
    """
    _ = quick
    return {**_cells(), **_transient(), **_conservation()}


def _array(rows: int, cols: int, vectors: int) -> tuple[np.ndarray, np.ndarray]:
    device = load_device(_PRESET)
    draw = np.random.default_rng(rows)
    g = draw.uniform(device.g_min, device.g_max, (rows, cols))
    return g, draw.uniform(0.0, 0.5, (vectors, rows))


def _cells() -> Figures:
    """Inputs up to 0.5 V, where the cells are far from linear."""
    figures: Figures = {}
    crossbar = load_crossbar(_PRESET, rows=32, cols=24)
    g, v = _array(*crossbar.shape, 8)
    for cell, bar in _CELLS:
        expected = solve_circuit(build_circuit(g, crossbar, cell=cell), v).i_col
        found = spice_currents(g, v, crossbar, cell=cell, engine="batch").i_col
        error = float(np.abs(found - expected).max() / np.abs(expected).max())
        figures[f"{cell.kind} cells, 32x24: error against Newton's method"] = (error, bar)
    return figures


def _transient() -> Figures:
    """Pulses of 5 ns on wires of 0.1 fF a segment: far slower than the wires."""
    figures: Figures = {}
    crossbar = load_crossbar(_PRESET, rows=12, cols=8)
    g, v = _array(*crossbar.shape, 6)
    train = np.where(v > 0.25, 0.1, 0.0)
    pulse = TransientParams(c_wire_row=1e-16, c_wire_col=1e-16)
    for silent in ("grounded", "floating", "gated"):
        topology = TopologyParams(silent=silent)
        found = spice_transient(g, train, crossbar, pulse, topology=topology)
        name = f"{silent} silent rows, 12x8: charge per step in time against static"
        figures[name] = (found.charge_difference, "<= 1e-3")
    return figures


def _conservation() -> Figures:
    crossbar = load_crossbar(_PRESET, rows=64, cols=48)
    g, v = _array(*crossbar.shape, 8)
    found = spice_currents(g, v, crossbar)
    name = "64x48: driver currents - sense currents, of their sum"
    return {name: (found.conservation, "<= 1e-8")}
