"""This module is the benchmark of the activity model: what was tried, how good it is, what it costs."""

import time
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from xbarsim.fast import effective_conductance, fit_activity, fit_activity_currents
from xbarsim.fast.patterns import Mask, pattern_currents, random_patterns, training_patterns
from xbarsim.fast.rational import fit_rational
from xbarsim.parameters import CrossbarParams, DeviceParams, TopologyParams
from xbarsim.spice import spice_currents

Figures = dict[str, tuple[float, str]]
Array = NDArray[np.float64]
Silent = Literal["gated", "floating"]

_VGG9_TILES = 2928
_DENSITY = (0.01, 0.5)
_TEST = 400
_SILENT: tuple[Silent, ...] = ("gated", "floating")


def bench_activity(crossbar: CrossbarParams, device: DeviceParams, *, quick: bool) -> Figures:
    """Fit tiles of uniform and of mostly low conductances; errors are shares of full scale."""
    figures: Figures = {}
    for seed, kind in enumerate(("uniform",) if quick else ("uniform", "low")):
        g = conductances(kind, crossbar, device, seed)
        for silent in _SILENT:
            name = f"activity, {silent} rows, {kind}"
            tried = _tried(g, crossbar, silent, (4,) if quick else (3, 4, 6))
            figures |= {f"{name}: {form}": value for form, value in tried.items()}
    for silent in _SILENT:
        figures |= _cost(crossbar, device, silent)
        figures |= _exact(crossbar, device, silent)
        figures |= _by_ngspice(crossbar, device, silent, vectors=8 if quick else 32)
    return figures


def conductances(kind: str, crossbar: CrossbarParams, device: DeviceParams, seed: int) -> Array:
    """Return an array [row, col], ``uniform`` in the device's range or mostly ``low``. [S]"""
    draw = np.random.default_rng(seed)
    share = draw.random(crossbar.shape)
    if kind == "low":
        share = np.minimum(1, draw.exponential(0.12, crossbar.shape))
    return device.g_min + (device.g_max - device.g_min) * share


def _tried(g: Array, crossbar: CrossbarParams, silent: Silent, per_row: tuple[int, ...]) -> Figures:
    """Compare forms and numbers of patterns on the same held-out patterns.

    Patterns that use every row equally often, and reweighted fits, were tried and left out: within
    the scatter of random patterns they are no better.
    """
    draw = np.random.default_rng(7)
    test = random_patterns(_TEST, crossbar.rows, _DENSITY, draw)
    exact = pattern_currents(g, crossbar, silent, test)
    static = test @ effective_conductance(g, crossbar)
    figures = _errors("static matrix of grounded rows", static, exact)
    for count in per_row:
        train = training_patterns(count * crossbar.rows, crossbar.rows, _DENSITY, draw)
        i_col = pattern_currents(g, crossbar, silent, train)
        gain, load = fit_rational(train.astype(float), i_col)
        plain = _rational(test, test, gain, load)
        name = f"{count} patterns a row"
        figures |= _errors(name, plain, exact, bar="<= 0.01" if count >= 6 else "")
        if count == 4:
            known = _rational(train, train, gain, load)
            lifted = _coupled(train, i_col, known, test, plain, g, crossbar)
            figures |= _errors(f"{name}, 5 products", lifted, exact)
    return figures


def _rational(above: NDArray[Any], below: Mask, gain: Array, load: Array) -> Array:
    return np.asarray((above @ gain) / (1 + below @ load))


def _coupled(
    train: Mask, i_col: Array, known: Array, test: Mask, plain: Array, g: Array, p: CrossbarParams
) -> Array:
    """Refine a fit: rows rise by what the bit lines' voltages return to them, I r_sense G'."""
    back = p.r_driver / (1 + p.r_driver * g.sum(axis=1)) * p.r_sense
    lift, lift_test = (s * (1 + (i @ g.T) * back) for s, i in ((train, known), (test, plain)))
    # The same linear fit with lifted rows above the fraction: both halves stand side by side.
    gain, load = np.empty_like(g), np.empty_like(g)
    for j in range(p.cols):
        matrix = np.concatenate([lift, -i_col[:, j : j + 1] * train / i_col[:, j].max()], axis=1)
        found = np.linalg.lstsq(matrix, i_col[:, j] / i_col[:, j].max(), rcond=1e-10)[0]
        gain[:, j], load[:, j] = found[: p.rows] * i_col[:, j].max(), found[p.rows :]
    return _rational(lift_test, test, gain, load)


def _errors(name: str, found: Array, exact: Array, bar: str = "") -> Figures:
    error = (found - exact) / exact.max()
    return {
        f"{name}: max error": (float(np.abs(error).max()), bar),
        f"{name}: rms error": (float(np.sqrt((error**2).mean())), ""),
    }


def _cost(crossbar: CrossbarParams, device: DeviceParams, silent: Silent) -> Figures:
    """Time fits of whole tiles, patterns solved and held out included, in processor seconds."""
    tiles = np.stack([conductances("low", crossbar, device, seed) for seed in range(12)])
    draw = np.random.default_rng(0)
    fit_activity(tiles[0], crossbar, silent, generator=draw)
    start = time.process_time()
    model = fit_activity(tiles, crossbar, silent, generator=draw)
    seconds = (time.process_time() - start) / len(tiles)
    name = f"activity, {silent} rows"
    return {
        f"{name}: processor seconds a tile": (seconds, "<= 0.4"),
        f"{name}: {_VGG9_TILES} tiles of VGG9 [processor minutes]": (
            seconds * _VGG9_TILES / 60,
            "<= 20",
        ),
        f"{name}: worst of {len(tiles)} tiles: max error": (
            float(model.error_max.max()),
            "<= 0.01",
        ),
    }


def _exact(crossbar: CrossbarParams, device: DeviceParams, silent: Silent) -> Figures:
    """Compare the solve of whole patterns with the effective matrix of each, in processor seconds."""
    g = conductances("uniform", crossbar, device, 1)
    test = random_patterns(_TEST, crossbar.rows, _DENSITY, np.random.default_rng(1))
    few = test[:16]
    pattern_currents(g, crossbar, silent, few)
    start = time.process_time()
    found = pattern_currents(g, crossbar, silent, test)
    middle = time.process_time()
    matrices = effective_conductance(g, crossbar, silent_rows=silent, active=few)
    end = time.process_time()
    each, one = (middle - start) / len(test), (end - middle) / len(few)
    error = np.abs(found[:16] - matrices.sum(axis=-2)).max() / found.max()
    name = f"patterns, {silent} rows, exact currents"
    return {
        f"{name} [processor ms a pattern]": (1e3 * each, ""),
        f"{name}: effective matrix / pattern": (one / each, ""),
        f"{name}: error against the matrix": (float(error), "<= 1e-11"),
    }


def _by_ngspice(
    crossbar: CrossbarParams, device: DeviceParams, silent: Silent, *, vectors: int
) -> Figures:
    """Hold a fit against ngspice on patterns of its own; then fit a small array to ngspice alone."""
    draw = np.random.default_rng(3)
    g = conductances("uniform", crossbar, device, 3)
    model = fit_activity(g, crossbar, silent, generator=draw)
    topology = TopologyParams(silent=silent)
    test = random_patterns(vectors, crossbar.rows, _DENSITY, draw)
    v = device.v_read * test
    i_col = spice_currents(g, v, crossbar, topology=topology).i_col
    error = np.abs(model.currents(test, device.v_read) - i_col).max() / i_col.max()
    small = crossbar.replace(rows=16, cols=16)
    train = training_patterns(64, 16, _DENSITY, draw)
    other = random_patterns(16, 16, _DENSITY, draw)
    v = device.v_read * np.concatenate([train, other])
    i_col = spice_currents(g[:16, :16], v, small, topology=topology).i_col
    fitted = fit_activity_currents(train, i_col[:64], other, i_col[64:], v_read=device.v_read)
    name = f"activity, {silent} rows, against ngspice"
    return {
        f"{name}, {vectors} patterns: max error": (float(error), "<= 0.01"),
        f"{name}, fitted to 64 patterns of ngspice at 16x16: max error": (
            float(fitted.error_max),
            "<= 0.01",
        ),
    }
