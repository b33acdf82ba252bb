"""This module is which entry of its input drives which row of which tile of a layer."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xbarsim.errors import ParameterError
from xbarsim.mapping import LayerPlan


@dataclass(frozen=True)
class Wiring:
    """Where a layer's outputs go.

    Attributes:
        rows: Input channel and kernel position of every row, [row tile, row, 2]; -1 where unused.
        starts: First output of a tile, [row tile, col tile]; -1 where ``columns`` must be read.
        columns: Output of every column, [row tile, col tile, col]; -1 where unused.
    """

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    columns: NDArray[np.int64]


def wire(plan: LayerPlan) -> Wiring:
    """Return the wiring of a planned layer."""
    kernel = int(np.prod(plan.shape[2:]))
    (down, across), (height, width) = plan.block.grid, plan.block.tile_shape
    rows = np.full((plan.n_blocks, down * height, 2), -1)
    columns = np.full((plan.n_blocks, across * width), -1)
    per_group = plan.n_blocks // plan.groups
    for block in range(plan.n_blocks):
        group, position = divmod(block, per_group)
        row = plan.row_order[block]
        im2col = plan.unrolling == "im2col"
        rows[block, : len(row), 0] = group * plan.shape[1] + (row // kernel if im2col else row)
        rows[block, : len(row), 1] = row % kernel if im2col else position
        order = plan.col_order[block]
        columns[block, : len(order)] = group * (plan.shape[0] // plan.groups) + order
    tiled = np.repeat(columns.reshape(plan.n_blocks, 1, across, width), down, axis=1)
    tiled = tiled.reshape(-1, across, width)
    straight = ((np.diff(tiled, axis=-1) == 1) | (tiled[..., 1:] < 0)).all(axis=-1)
    # A straight tile whose end is unused must not run into the next group's outputs.
    straight &= (tiled[..., -1] >= 0) | (tiled.max(axis=-1) == plan.shape[0] - 1)
    starts = np.where(straight, tiled[..., 0], -1)
    return Wiring(rows.reshape(plan.n_blocks * down, height, 2), starts, tiled)


@dataclass(frozen=True)
class Shape:
    """How a layer walks over its input.

    Attributes:
        entries: Input padded and flattened, [image, entry].
        base: Entry at which every output position starts, [position].
        offsets: Entry of every kernel position after the base, [kernel position].
        out: Spatial shape of the output; empty for a linear layer.
    """

    entries: Tensor
    base: NDArray[np.int64]
    offsets: NDArray[np.int64]
    out: tuple[int, ...]


def spread(layer: nn.Linear | nn.Conv1d | nn.Conv2d, x: Tensor) -> Shape:
    """Return the padded input of a linear or convolutional layer and where its rows find it.

    Args:
        layer: ``nn.Linear``, ``nn.Conv1d`` or ``nn.Conv2d``.
        x: Input of the layer, [image, feature] or [image, channel, ...].
    """
    if isinstance(layer, nn.Linear):
        zero = np.zeros(1, dtype=np.int64)
        return Shape(x.reshape(-1, x.shape[-1]).contiguous(), zero, zero, ())
    pads = _padding(layer)
    flat_pads = [p for pair in reversed(pads) for p in pair]
    padded = nn.functional.pad(x, flat_pads) if any(flat_pads) else x
    sides = padded.shape[2:]
    last = padded.movedim(1, -1).contiguous()
    strides = [1]
    for side in reversed(sides[1:]):
        strides.insert(0, strides[0] * side)
    out, base, offsets = [], np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)
    for axis, side in enumerate(sides):
        reach = layer.dilation[axis] * (layer.kernel_size[axis] - 1)
        out.append((side - reach - 1) // layer.stride[axis] + 1)
        walk = np.arange(out[-1]) * layer.stride[axis] * strides[axis]
        base = (base[:, None] + walk).reshape(-1)
        tap = np.arange(layer.kernel_size[axis]) * layer.dilation[axis] * strides[axis]
        offsets = (offsets[:, None] + tap).reshape(-1)
    channels = x.shape[1]
    return Shape(last.flatten(1), base * channels, offsets * channels, tuple(out))


def _padding(layer: nn.Conv1d | nn.Conv2d) -> list[tuple[int, int]]:
    """Return how many zeros stand before and after each axis."""
    if layer.padding_mode != "zeros":
        msg = (
            f"padding_mode is {layer.padding_mode!r}; a row outside the image is silent, so tiles "
            "take zeros only"
        )
        raise ParameterError(msg)
    if layer.padding == "valid":
        return [(0, 0)] * len(layer.kernel_size)
    if layer.padding == "same":
        reach = [d * (k - 1) for d, k in zip(layer.dilation, layer.kernel_size, strict=True)]
        return [(total // 2, total - total // 2) for total in reach]
    return [(int(p), int(p)) for p in layer.padding]


def gathered(layer: nn.Linear | nn.Conv1d | nn.Conv2d, x: Tensor) -> Tensor:
    """Return the input of every kernel position, [image, channel, kernel position, position].

    The plain form of what the kernel reads entry by entry, for tests and small studies.
    """
    shape = spread(layer, x)
    channels = x.shape[1] if shape.out else x.shape[-1]
    at = torch.from_numpy(shape.offsets[:, None] + shape.base[None, :])
    index = torch.arange(channels)[:, None, None] + at[None]
    return shape.entries[:, index]
