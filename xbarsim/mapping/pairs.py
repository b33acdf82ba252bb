"""This module is the differential pair: a signed weight as two conductances, and back."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbarsim.parameters import DeviceParams


def siemens_per_unit(matrix: NDArray[Any], device: DeviceParams) -> float:
    """Return the scale (g_max - g_min) / max|w| of a matrix. [S]"""
    largest = float(np.abs(matrix).max(initial=0.0))
    return (device.g_max - device.g_min) / largest if largest > 0 else device.g_max - device.g_min


def weights_to_pairs(
    matrix: NDArray[Any], device: DeviceParams
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Return $G^+ = G_{min} + s\max(w, 0)$ and $G^- = G_{min} + s\max(-w, 0)$.

    Args:
        matrix: Weights, [row, col].
        device: Conductance range. [S]

    Returns:
        The conductances of the positive and the negative column of every pair. [S]
    """
    scaled = matrix.astype(np.float64) * siemens_per_unit(matrix, device)
    return device.g_min + np.maximum(scaled, 0.0), device.g_min + np.maximum(-scaled, 0.0)


def pairs_to_weights(
    conductance_pos: NDArray[Any], conductance_neg: NDArray[Any], scale: float
) -> NDArray[np.float64]:
    """Return (G+ - G-) / scale, the weights that a pair's current difference stands for."""
    return np.asarray((conductance_pos - conductance_neg) / scale, dtype=np.float64)
