"""This module is where every weight of a layer sits: blocks, their order, their tiles."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbarsim.errors import ParameterError
from xbarsim.mapping.matrix import blocks_to_weight, weight_to_blocks
from xbarsim.mapping.spec import MappingSpec, Unrolling
from xbarsim.mapping.tiles import TilePlan

Order = NDArray[np.intp]


@dataclass(frozen=True)
class LayerPlan:
    """How a layer's weight is cut into tiles; ``cut`` and ``join`` are exact inverses.

    Attributes:
        shape: Shape of the weight, [out, in / groups, kernel...].
        groups: Groups of a convolution, 1 for a linear layer.
        unrolling: Rows of a convolution.
        block: How one block's matrix is cut; the tile's columns are those that hold weights.
        row_order: Which row of the matrix sits at each place, [block, row].
        col_order: Which column of the matrix sits at each place, [block, col].
    """

    shape: tuple[int, ...]
    groups: int
    unrolling: Unrolling
    block: TilePlan
    row_order: Order
    col_order: Order

    @property
    def n_blocks(self) -> int:
        """Number of matrices that the layer consists of."""
        return len(self.row_order)

    @property
    def n_tiles(self) -> int:
        """Number of tiles (each is one array per side and slice)."""
        return self.n_blocks * self.block.n_tiles

    def cut(self, weight: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the weight's tiles [tile, row, col], block by block; unused cells get 0."""
        blocks = weight_to_blocks(weight, self.groups, self.unrolling)
        blocks = np.take_along_axis(blocks, self.row_order[:, :, None], axis=1)
        blocks = np.take_along_axis(blocks, self.col_order[:, None, :], axis=2)
        return np.concatenate([self.block.cut(matrix, unused=0.0) for matrix in blocks])

    def join(self, tiles: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the weight, in the layer's own shape, of tiles [tile, row, col]."""
        parts = tiles.reshape(self.n_blocks, self.block.n_tiles, *tiles.shape[1:])
        joined = np.stack([self.block.join(part) for part in parts])
        blocks = np.empty_like(joined)
        inner = np.empty_like(joined)
        np.put_along_axis(inner, self.col_order[:, None, :], joined, axis=2)
        np.put_along_axis(blocks, self.row_order[:, :, None], inner, axis=1)
        return blocks_to_weight(blocks, self.shape, self.groups, self.unrolling)

    def used(self) -> NDArray[np.float64]:
        """Return 1 where a cell holds a weight and 0 elsewhere, [tile, row, col]."""
        one = self.block.cut(np.ones(self.block.matrix_shape), unused=0.0)
        return np.tile(one, (self.n_blocks, 1, 1))


def plan_layer(
    shape: tuple[int, ...], tile: tuple[int, int], spec: MappingSpec, groups: int = 1
) -> LayerPlan:
    """Plan a layer in natural order.

    Args:
        shape: Shape of the weight, [out, in / groups, kernel...].
        tile: Rows and columns of one array.
        spec: Unrolling and scheme; an offset spends one column of the array on its dummy.
        groups: Groups of a convolution.

    Raises:
        ParameterError: If an array is too small for the scheme.
    """
    kernel = int(np.prod(shape[2:]))
    position = spec.unrolling == "position"
    rows, cols = shape[1] * (1 if position else kernel), shape[0] // groups
    blocks = groups * (kernel if position else 1)
    width = tile[1] - (spec.scheme == "offset")
    if width < 1:
        msg = f"an array of {tile[0]}x{tile[1]} has no column left beside the dummy of an offset"
        raise ParameterError(msg)
    natural = [np.tile(np.arange(n), (blocks, 1)) for n in (rows, cols)]
    plan = TilePlan((rows, cols), (tile[0], width))
    return LayerPlan(tuple(shape), groups, spec.unrolling, plan, natural[0], natural[1])
