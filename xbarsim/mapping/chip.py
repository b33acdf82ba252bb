"""This module is the individual chip: the programming variation that is drawn once and stays."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbarsim.parameters import DeviceParams


def chip_generator(seed: int, chip: int, layer: int) -> np.random.Generator:
    """Return the random stream of one layer of one chip; independent of every other."""
    return np.random.default_rng(np.random.SeedSequence([seed, chip, layer]))


def program(
    conductance: NDArray[Any], device: DeviceParams, generator: np.random.Generator
) -> NDArray[np.float64]:
    r"""Return conductances as programmed: $G(1 + \sigma z)$, $z \sim N(0, 1)$, never negative.

    Args:
        conductance: Target conductances. [S]
        device: Gives the relative standard deviation sigma.
        generator: Random stream of this chip and layer.

    Returns:
        Programmed conductances of the same shape. [S]
    """
    if device.sigma == 0:
        return np.asarray(conductance, dtype=np.float64)
    noise = generator.standard_normal(conductance.shape)
    return np.maximum(conductance * (1.0 + device.sigma * noise), 0.0)
