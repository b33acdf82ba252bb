"""This module is spread around a target: once when programming, anew in every reading."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbarsim.effects.checks import checked
from xbarsim.effects.deviation import deviation
from xbarsim.parameters import Deviation

Array = NDArray[np.float64]


def program_cells(
    conductance: ArrayLike, variation: Deviation, generator: np.random.Generator
) -> Array:
    r"""Return conductances as programmed, $\max(G + \sigma(G)\,z, 0)$, $z \sim N(0, 1)$. [S]

    Args:
        conductance: Targets, any shape. [S]
        variation: Law of the standard deviation.
        generator: Stream of this effect; see ``effect_generator``.

    Raises:
        ParameterError: If a conductance is negative or not finite.
    """
    g = checked(conductance)
    return np.maximum(g + deviation(variation, g) * generator.standard_normal(g.shape), 0.0)


def read_cells(
    conductance: ArrayLike, read_noise: Deviation, generator: np.random.Generator
) -> Array:
    r"""Return conductances as one reading sees them; call it again for the next reading. [S]

    The same equation as ``program_cells``, with another law and another stream. Drawing every cell
    in every reading is the brute force; ``xbarsim.fast.read_noise_deviation`` gives the deviation of
    the column currents without it.
    """
    return program_cells(conductance, read_noise, generator)
