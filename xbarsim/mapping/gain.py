"""This module is the read-out gain: the scale that a calibration gives to currents."""

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from xbarsim.errors import ParameterError

Gain = Literal["none", "layer", "tile", "column"]


def readout_gain(target: NDArray[Any], measured: NDArray[Any], gain: Gain) -> NDArray[np.float64]:
    r"""Return the least-squares scale $a = \langle t, m\rangle / \langle m, m\rangle$.

    It minimises $\lVert a\,m - t\rVert$, which for uncorrelated inputs is the scale that a hardware
    calibration with random test vectors finds.

    Args:
        target: Weights that were meant, [tile, row, col].
        measured: Weights that the tiles have, [tile, row, col].
        gain: One scale per ``layer``, per ``tile``, per bit-line pair (``column``), or ``none``.

    Returns:
        The gain, broadcastable against the tiles: [1, 1, 1], [tile, 1, 1] or [tile, 1, col].
    """
    if gain not in get_args(Gain):
        msg = f"gain is {gain!r}; choose one of {', '.join(get_args(Gain))}"
        raise ParameterError(msg)
    if gain == "none":
        return np.ones((1, 1, 1))
    axes = {"layer": (0, 1, 2), "tile": (1, 2), "column": (1,)}[gain]
    together = (target * measured).sum(axis=axes, keepdims=True)
    power = (measured * measured).sum(axis=axes, keepdims=True)
    scale = np.ones_like(power)
    np.divide(together, power, out=scale, where=(power > 0) & (together > 0))
    return np.asarray(scale)
