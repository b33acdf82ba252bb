"""This module is how a matrix is cut into tiles of one array size, and put together again."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class TilePlan:
    """A matrix [row, col] cut into arrays of ``tile_shape``; the rest of edge tiles is unused.

    Attributes:
        matrix_shape: Inputs and outputs of the matrix.
        tile_shape: Rows and columns of one array.
    """

    matrix_shape: tuple[int, int]
    tile_shape: tuple[int, int]

    @property
    def grid(self) -> tuple[int, int]:
        """Number of tiles along the inputs and along the outputs."""
        (rows, cols), (height, width) = self.matrix_shape, self.tile_shape
        return -(-rows // height), -(-cols // width)

    @property
    def n_tiles(self) -> int:
        """Number of tiles."""
        return self.grid[0] * self.grid[1]

    def cut(self, matrix: NDArray[Any], unused: float) -> NDArray[Any]:
        """Return tiles [tile, row, col], row-major over the grid; cells outside get ``unused``."""
        (down, across), (height, width) = self.grid, self.tile_shape
        padded = np.full((down * height, across * width), unused, dtype=matrix.dtype)
        padded[: matrix.shape[0], : matrix.shape[1]] = matrix
        blocks = padded.reshape(down, height, across, width).transpose(0, 2, 1, 3)
        return np.ascontiguousarray(blocks).reshape(-1, height, width)

    def join(self, tiles: NDArray[Any]) -> NDArray[Any]:
        """Return the matrix [row, col] of tiles [tile, row, col]; the exact inverse of ``cut``."""
        (down, across), (height, width) = self.grid, self.tile_shape
        blocks = tiles.reshape(down, across, height, width).transpose(0, 2, 1, 3)
        whole = blocks.reshape(down * height, across * width)
        return np.ascontiguousarray(whole[: self.matrix_shape[0], : self.matrix_shape[1]])
