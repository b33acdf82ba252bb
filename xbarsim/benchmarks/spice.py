"""This module is the benchmark of the ngspice engines: the index sweep, and what PySpice costs."""

import time

import numpy as np

from xbarsim.circuit import build_circuit
from xbarsim.parameters import load_crossbar, load_device
from xbarsim.spice import find_ngspice, spice_currents, write_netlist
from xbarsim.spice.batch import run_batch

Figures = dict[str, tuple[float, str]]
_VECTORS = 64


def bench_spice(*, quick: bool) -> Figures:
    """Time 64 vectors of one 64x64 array as one sweep and as one process each; then both engines."""
    figures = _sweep(one_by_one=4 if quick else 16)
    sizes = (32, 64) if quick or not find_ngspice().klu else (32, 64, 128)
    for n in sizes:
        seconds = {engine: _engine(n, engine) for engine in ("pyspice", "batch")}
        name = f"PySpice / batch, one vector at {n}x{n}"
        figures[name] = (seconds["pyspice"] / seconds["batch"], "")
    return figures


def _array(n: int, vectors: int) -> tuple[np.ndarray, np.ndarray]:
    device = load_device("bhattacharjee2022")
    draw = np.random.default_rng(n)
    g = draw.uniform(device.g_min, device.g_max, (n, n))
    return g, draw.uniform(0.0, device.v_read, (vectors, n))


def _sweep(one_by_one: int) -> Figures:
    """Processes for single vectors are timed on the first few vectors: they all cost the same."""
    g, v = _array(64, _VECTORS)
    circuit, info = (
        build_circuit(g, load_crossbar("bhattacharjee2022", rows=64, cols=64)),
        find_ngspice(),
    )
    start = time.perf_counter()
    run_batch(write_netlist(circuit, v), info)
    sweep = (time.perf_counter() - start) / _VECTORS
    start = time.perf_counter()
    for vector in v[:one_by_one]:
        run_batch(write_netlist(circuit, vector[None]), info)
    single = (time.perf_counter() - start) / one_by_one
    return {
        "one process a vector / index sweep, per vector": (single / sweep, ">= 5"),
        "index sweep, 64x64 [ms per vector]": (1e3 * sweep, ""),
    }


def _engine(n: int, engine: str) -> float:
    g, v = _array(n, 1)
    crossbar = load_crossbar("bhattacharjee2022", rows=n, cols=n)
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        spice_currents(g, v, crossbar, engine=engine)  # type: ignore[arg-type]
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))
