"""This module is the benchmark of nonlinear cells: steps, agreement with ngspice, and one matrix."""

import time

import numpy as np
from numpy.typing import NDArray

from xbarsim.benchmarks.activity import conductances
from xbarsim.fast import (
    NonlinearSolution,
    effective_conductance,
    fit_nonlinear_activity,
    fit_nonlinear_static,
    nonlinear_currents,
)
from xbarsim.fast.patterns import random_patterns
from xbarsim.parameters import (
    CellParams,
    CrossbarParams,
    DeviceParams,
    PolynomialCell,
    SelectorCell,
    SinhCell,
    TableCell,
    TransistorCell,
)
from xbarsim.spice import spice_currents

Figures = dict[str, tuple[float, str]]
Array = NDArray[np.float64]

_V0 = 0.25


def bench_nonlinear(crossbar: CrossbarParams, device: DeviceParams, *, quick: bool) -> Figures:
    """Solve every kind of cell, hold it against ngspice, and fit tiles for whole networks."""
    figures: Figures = {}
    for cell in _cells():
        figures |= _solve(crossbar, device, cell, vectors=2 if quick else 8)
    for voltage in (0.25,) if quick else (0.1, 0.25, 0.5):
        figures |= _static(crossbar, device, voltage)
    for silent in ("grounded", "gated"):
        figures |= _activity(crossbar, device, silent)
    return figures


def _cells() -> tuple[CellParams, ...]:
    """Return cells that bend: a table of the sinh law's values, and the others' own laws."""
    points = np.linspace(-0.6, 0.6, 25)
    return (
        SinhCell(v0=_V0),
        PolynomialCell(a2=0.3, a3=1.0),
        TableCell(v=tuple(points.tolist()), u=tuple((_V0 * np.sinh(points / _V0)).tolist())),
        TransistorCell(),
        SelectorCell(),
    )


def _solve(
    crossbar: CrossbarParams, device: DeviceParams, cell: CellParams, *, vectors: int
) -> Figures:
    """Drive cells up to 0.5 V, twice the sinh cell's voltage scale."""
    g = conductances("uniform", crossbar, device, 0)
    v = np.random.default_rng(1).uniform(0, 2 * _V0, (vectors, crossbar.rows))
    own = nonlinear_currents(g, v, crossbar, cell)
    start = time.process_time()
    shared = nonlinear_currents(g, v, crossbar, cell, slopes="shared", tolerance=1e-8)
    seconds = time.process_time() - start
    i_col = spice_currents(g, v, crossbar, cell=cell).i_col
    name = f"nonlinear, {cell.kind} cells, 0.5 V"
    error = np.abs(own.i_col - i_col).max() / i_col.max()
    return {
        f"{name}: residual after 3 steps": (_after(own, 3), "<= 1e-4"),
        f"{name}: residual after 3 steps, shared slopes": (_after(shared, 3), ""),
        f"{name}: error against ngspice": (float(error), "<= 1e-6"),
        f"{name}: shared slopes to 1e-8 [processor ms a vector]": (1e3 * seconds / vectors, ""),
    }


def _after(found: NonlinearSolution, steps: int) -> float:
    return float(found.residuals[min(steps, len(found.residuals)) - 1])


def _static(crossbar: CrossbarParams, device: DeviceParams, voltage: float) -> Figures:
    """Fit one matrix to mostly low sinh cells, the harder ones, and hold it against ngspice."""
    draw = np.random.default_rng(2)
    g = conductances("low", crossbar, device, 2)
    cell = SinhCell(v0=_V0)
    fit_nonlinear_static(g, crossbar, cell, voltage, generator=draw, patterns=2, held_out=1)
    start = time.process_time()
    model = fit_nonlinear_static(g, crossbar, cell, voltage, generator=draw)
    seconds = time.process_time() - start
    test = random_patterns(16, crossbar.rows, (0.01, 0.5), draw)
    i_col = spice_currents(g, voltage * test, crossbar, cell=cell).i_col
    linear = voltage * test @ effective_conductance(g, crossbar)
    secant = voltage * test @ effective_conductance(model.secant, crossbar)
    name = f"nonlinear static, sinh cells, V / V_0 = {voltage / _V0:g}"
    scale = i_col.max()
    return {
        f"{name}: cells at 0 V, against ngspice": (float(np.abs(linear - i_col).max() / scale), ""),
        f"{name}: secants, against ngspice": (float(np.abs(secant - i_col).max() / scale), ""),
        f"{name}: fitted, against ngspice": (
            float(np.abs(model.currents(test) - i_col).max() / scale),
            "<= 0.01" if voltage <= _V0 else "",
        ),
        f"{name}: fitted, held out: max error": (float(model.error_max), ""),
        f"{name}: fitted, held out: rms error": (float(model.error_rms), ""),
        f"{name}: processor seconds a tile": (seconds, ""),
    }


def _activity(crossbar: CrossbarParams, device: DeviceParams, silent: str) -> Figures:
    """Fit two products to nonlinear cells."""
    figures: Figures = {}
    g = conductances("low", crossbar, device, 2)
    for cell in (SinhCell(v0=_V0), TransistorCell()):
        draw = np.random.default_rng(3)
        start = time.process_time()
        model = fit_nonlinear_activity(
            g, crossbar, cell, "gated" if silent == "gated" else "grounded", 0.25, generator=draw
        )
        seconds = time.process_time() - start
        name = f"activity, {silent} rows, {cell.kind} cells, 0.25 V"
        figures |= {
            f"{name}: max error": (float(model.error_max), "<= 0.01"),
            f"{name}: rms error": (float(model.error_rms), ""),
            f"{name}: processor seconds a tile": (seconds, ""),
        }
    return figures
