"""This module is the one place where a layer's weight is transposed into an array's matrix.

A torch weight is [out, in] or [out, in, kernel...]; an array is [row = input, col = output].
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def weight_to_matrix(weight: NDArray[Any]) -> NDArray[Any]:
    """Return the matrix [in * kernel, out] of a layer weight [out, in, kernel...] (im2col order)."""
    return np.ascontiguousarray(weight.reshape(weight.shape[0], -1).T)


def matrix_to_weight(matrix: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Return the layer weight of ``shape`` [out, in, kernel...] from its matrix [in * kernel, out]."""
    return np.ascontiguousarray(matrix.T).reshape(shape)
