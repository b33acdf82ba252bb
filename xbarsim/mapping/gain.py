"""This module is the read-out gain: the scale that a calibration gives to currents."""

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from xbarsim.errors import ParameterError

Gain = Literal["none", "layer", "tile", "column", "bitline"]

_ALIKE = 1e-9


def readout_gain(target: NDArray[Any], measured: NDArray[Any], gain: Gain) -> NDArray[np.float64]:
    r"""Return the least-squares scale $a = \langle t, m\rangle / \langle m, m\rangle$.

    It minimises $\lVert a\,m - t\rVert$, which for uncorrelated inputs is the scale that a hardware
    calibration with random test vectors finds.

    Args:
        target: Weights that were meant, [tile, row, col].
        measured: Weights that the tiles have, [tile, row, col].
        gain: One scale per ``layer``, per ``tile``, per bit-line pair (``column``), or ``none``; for
            ``bitline`` see ``bit_line_gains``, which needs the two lines apart.

    Returns:
        The gain, broadcastable against the tiles: [1, 1, 1], [tile, 1, 1] or [tile, 1, col].
    """
    if gain not in get_args(Gain):
        msg = f"gain is {gain!r}; choose one of {', '.join(get_args(Gain))}"
        raise ParameterError(msg)
    if gain == "bitline":
        msg = "a gain per bit line needs both lines of a pair; use bit_line_gains"
        raise ParameterError(msg)
    if gain == "none":
        return np.ones((1, 1, 1))
    axes = {"layer": (0, 1, 2), "tile": (1, 2), "column": (1,)}[gain]
    together = (target * measured).sum(axis=axes, keepdims=True)
    power = (measured * measured).sum(axis=axes, keepdims=True)
    scale = np.ones_like(power)
    np.divide(together, power, out=scale, where=(power > 0) & (together > 0))
    return np.asarray(scale)


def bit_line_gains(target: NDArray[Any], lines: NDArray[Any]) -> NDArray[np.float64]:
    r"""Return the least-squares scale of each bit line of a pair, $a_+$ and $a_-$.

    They minimise $\lVert a_+ m_+ - a_- m_- - t\rVert$ column by column. The line that carries more
    current loses a larger share of it, so one scale for both leaves $(k_+ - k_-) G_{min}$ in every cell
    of the column: an error of one sign, which adds up over rows. Two scales take it away; hardware
    has them where each line has an amplifier or a converter of its own. Where both lines cannot be
    told apart, or one would be turned round, both get the scale of the pair.

    Args:
        target: Weights that were meant, [tile, row, col].
        lines: Weights that either line has, zero where unused, [side, tile, row, col].

    Returns:
        The gains, [side, tile, 1, col].
    """
    one = readout_gain(target, lines[0] - lines[1], "column")
    pp, qq, pq = (
        (lines[a] * lines[b]).sum(axis=1, keepdims=True) for a, b in ((0, 0), (1, 1), (0, 1))
    )
    tp, tq = ((target * line).sum(axis=1, keepdims=True) for line in lines)
    size = pp * qq - pq * pq
    apart = size > _ALIKE * pp * qq
    size = np.where(apart, size, 1.0)
    found = np.stack([tp * qq - tq * pq, tp * pq - tq * pp]) / size
    return np.asarray(np.where(apart & (found > 0).all(axis=0), found, one))
