"""This module is the one place where a layer's weight is transposed into an array's matrix.

A torch weight is [out, in] or [out, in, kernel...]; an array is [row = input, col = output].
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xbarsim.mapping.spec import Unrolling


def weight_to_matrix(weight: NDArray[Any]) -> NDArray[Any]:
    """Return the matrix [in * kernel, out] of a layer weight [out, in, kernel...] (im2col order)."""
    return np.ascontiguousarray(weight.reshape(weight.shape[0], -1).T)


def matrix_to_weight(matrix: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Return the layer weight of ``shape`` [out, in, kernel...] from its matrix [in * kernel, out]."""
    return np.ascontiguousarray(matrix.T).reshape(shape)


def weight_to_blocks(
    weight: NDArray[Any], groups: int = 1, unrolling: Unrolling = "im2col"
) -> NDArray[Any]:
    """Return the matrices [block, row, col] of a layer weight [out, in / groups, kernel...].

    Blocks are groups, or groups x kernel positions (group-major); each adds to its group's outputs.
    """
    if unrolling == "position":
        by_position = weight.reshape(groups, -1, weight.shape[1], weight[0, 0].size)
        blocks = by_position.transpose(0, 3, 2, 1)
        return np.ascontiguousarray(blocks).reshape(-1, *blocks.shape[2:])
    grouped = weight.reshape(groups, weight.shape[0] // groups, -1)
    return np.ascontiguousarray(grouped.transpose(0, 2, 1))


def blocks_to_weight(
    blocks: NDArray[Any], shape: tuple[int, ...], groups: int = 1, unrolling: Unrolling = "im2col"
) -> NDArray[Any]:
    """Return the layer weight of ``shape`` from its blocks; the inverse of ``weight_to_blocks``."""
    if unrolling == "position":
        by_group = blocks.reshape(groups, -1, *blocks.shape[1:])
        return np.ascontiguousarray(by_group.transpose(0, 3, 2, 1)).reshape(shape)
    return np.ascontiguousarray(blocks.transpose(0, 2, 1)).reshape(shape)
