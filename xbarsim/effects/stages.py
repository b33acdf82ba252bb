"""This module is a cell's life up to a reading: programmed, drifted, or stuck all along."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbarsim.effects.drift import drift_cells
from xbarsim.effects.noise import program_cells
from xbarsim.effects.streams import effect_generator
from xbarsim.effects.stuck import stick_cells
from xbarsim.errors import ParameterError
from xbarsim.parameters import DeviceParams, EffectParams


def age_cells(
    conductance: ArrayLike,
    effects: EffectParams,
    device: DeviceParams,
    where: tuple[int, ...],
    *,
    seconds: float | None = None,
) -> NDArray[np.float64]:
    """Return the conductances of one chip at reading time, before read noise. [S]

    Variation first, then drift of what was programmed; cells that are stuck never moved.

    Args:
        conductance: Targets, any shape. [S]
        effects: Variation, drift and stuck cells; read noise is not applied here.
        device: Conductances of stuck cells.
        where: Numbers that name the chip and layer, as for ``effect_generator``.
        seconds: Time since programming; needed when there is drift. [s]

    Raises:
        ParameterError: If conductances are not physical, or ``seconds`` and drift do not agree.
    """
    g = program_cells(conductance, effects.variation, effect_generator("variation", *where))
    if (effects.drift is None) != (seconds is None):
        msg = f"seconds is {seconds!r} and drift is {effects.drift!r}: give both, or neither"
        raise ParameterError(msg)
    if effects.drift is not None and seconds is not None:
        g = drift_cells(g, effects.drift, seconds, effect_generator("drift", *where))
    return stick_cells(
        g, effects.stuck, effect_generator("stuck", *where), g_min=device.g_min, g_max=device.g_max
    )
