"""This module is spike patterns: random ones, and the exact currents of many of them.

Gated rows: the march along the word lines of those that spike (``word_march``). Floating rows: no
current flows into their sources, so with P [row, row] the sources' admittance, Z its inverse, and a
the rows that spike, the sources' currents at 1 V and the columns' are

    i_a = (Z_aa)^-1 1,   I = i_a (Z G_eff)_a,

one dense solve of as many unknowns as there are spikes. Both agree with ``effective_conductance`` of
each pattern.
"""

import numpy as np
from numpy.typing import NDArray

from xbarsim.fast.effective import effective_conductance
from xbarsim.fast.silence import SilentRows
from xbarsim.parameters import CrossbarParams

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def random_patterns(
    count: int, rows: int, density: tuple[float, float], generator: np.random.Generator
) -> Mask:
    """Return spike patterns [count, row], spread in the logarithm of density; none is empty."""
    low, high = (float(np.log(x)) for x in density)
    share = np.exp(generator.uniform(low, high, (count, 1)))
    return _draw(share, rows, generator)


def training_patterns(
    count: int, rows: int, density: tuple[float, float], generator: np.random.Generator
) -> Mask:
    """Return patterns to fit to: half as ``random_patterns``, half spread evenly and denser.

    The worst errors lie at the dense end, where few of the first kind fall.
    """
    low, high = density
    share = generator.uniform(low, min(1.0, 1.3 * high), (count - count // 2, 1))
    sparse = random_patterns(count // 2, rows, density, generator)
    return np.concatenate([sparse, _draw(share, rows, generator)])


def _draw(share: Array, rows: int, generator: np.random.Generator) -> Mask:
    """Draw one pattern for each share of spiking rows; every pattern gets at least one spike."""
    count = len(share)
    spikes: Mask = generator.random((count, rows)) < share
    spikes[np.arange(count), generator.integers(0, rows, count)] = True
    return spikes


def pattern_currents(
    conductance: Array, crossbar: CrossbarParams, silent_rows: SilentRows, spikes: Mask
) -> Array:
    """Return the exact currents of spike patterns at 1 V, [pattern, col]. [A]

    Args:
        conductance: Cell conductances, [row, col]. [S]
        crossbar: Geometry and resistances. [Ω]
        silent_rows: What rows do that do not spike.
        spikes: True where a row spikes, [pattern, row].

    Raises:
        ParameterError: If the conductance does not fit the array.
    """
    if silent_rows == "gated":
        return _gated(conductance, crossbar, spikes)
    g_eff = effective_conductance(conductance, crossbar)
    if silent_rows == "grounded":
        return np.asarray(spikes @ g_eff)
    return _floating(conductance, crossbar, spikes, g_eff)


def _gated(conductance: Array, crossbar: CrossbarParams, spikes: Mask) -> Array:
    from xbarsim.fast.word_march import gated_currents

    i_col = np.empty((len(spikes), crossbar.cols))
    gated_currents(np.ascontiguousarray(conductance), spikes, np.array(crossbar.resistances), i_col)
    return i_col


def _floating(conductance: Array, crossbar: CrossbarParams, spikes: Mask, g_eff: Array) -> Array:
    from xbarsim.fast.word_march import driver_admittance

    port = driver_admittance(np.ascontiguousarray(conductance), np.array(crossbar.resistances))
    # A row without conducting cells draws no current; any admittance of its own will do.
    port += np.diag(np.where(np.diag(port) > 0, 0.0, 1.0))
    z = np.linalg.inv(port)
    both = spikes[:, :, None] & spikes[:, None, :]
    matrix = np.where(both, z, np.eye(crossbar.rows))
    sources = np.linalg.solve(matrix, spikes[..., None].astype(np.float64))[..., 0]
    return np.asarray(sources @ (z @ g_eff))
