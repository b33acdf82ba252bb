"""This module is drift: conductances some time after they were programmed."""

from functools import singledispatch

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbarsim.effects.checks import checked
from xbarsim.errors import ParameterError
from xbarsim.parameters import Drift, LogarithmicDrift, PowerDrift

Array = NDArray[np.float64]


def drift_cells(
    conductance: ArrayLike, drift: Drift, seconds: float, generator: np.random.Generator
) -> Array:
    """Return conductances ``seconds`` after they were programmed, any shape. [S]

    The same generator state gives the same cells: calls with growing ``seconds``, each with a new
    generator of the same seed, follow one chip through time.

    Args:
        conductance: Conductances at the law's t0. [S]
        drift: ``PowerDrift`` or ``LogarithmicDrift``; its docstring is the equation.
        seconds: Time since programming, at least t0. [s]
        generator: Stream of this effect; see ``effect_generator``.

    Raises:
        ParameterError: If a conductance is not physical, or ``seconds`` lies before t0.
    """
    g = checked(conductance)
    if not drift.t0 <= seconds < float("inf"):
        msg = f"seconds is {seconds!r}; the drift law starts {drift.t0!r} s after programming"
        raise ParameterError(msg)
    return _drifted(drift, g, float(np.log(seconds / drift.t0)), generator.standard_normal(g.shape))


@singledispatch
def _drifted(drift: Drift, g: Array, log_time: float, z: Array) -> Array:
    _ = g, log_time, z
    msg = f"{drift!r} is no law of drift; use PowerDrift or LogarithmicDrift"
    raise ParameterError(msg)


@_drifted.register
def _(drift: PowerDrift, g: Array, log_time: float, z: Array) -> Array:
    state = np.log(np.maximum(g / drift.g_ref, 1e-30))
    mean = np.clip(drift.nu + drift.nu_slope * state, *drift.nu_limits)
    sigma = np.clip(drift.nu_sigma + drift.sigma_slope * state, *drift.sigma_limits)
    return g * np.exp(-np.maximum(mean + sigma * z, 0.0) * log_time)


@_drifted.register
def _(drift: LogarithmicDrift, g: Array, log_time: float, z: Array) -> Array:
    moved = g + drift.shift * log_time + (drift.spread + drift.spread_rate * log_time) * z
    return np.maximum(moved, 0.0)
