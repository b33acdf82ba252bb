"""This module is batches in bounded memory: the exact model of tensors, wherever they are."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from xbarsim.fast.batched import eliminate_batched
from xbarsim.fast.lines import Lines
from xbarsim.fast.tiles import eliminate_tiles

CPU_BYTES = 2**28
GPU_BYTES = 2**32
_ARRAYS = 8
"""Arrays of rows x cols x cols numbers that are alive at a time, about."""


def chunks(g: Tensor) -> Iterator[slice]:
    """Cut tiles [tile, row, col] into parts whose exact solutions fit into memory side by side."""
    budget = CPU_BYTES if g.device.type == "cpu" else GPU_BYTES
    size = max(1, budget // (_ARRAYS * 8 * max(1, g.shape[1] * g.shape[2] * max(g.shape[1:]))))
    return (slice(k, k + size) for k in range(0, len(g), size))


def eliminate_anywhere(
    g: Tensor,
    lines: Lines,
    floating: Tensor | None,
    on_tile: Callable[[int], None] | None = None,
) -> Tensor:
    """Return the effective conductance of [..., row, col] by the kernel or, off the CPU, by torch."""
    flat = g.reshape(-1, lines.rows, lines.cols)
    rows = None if floating is None else floating.reshape(-1, lines.rows)
    if g.device.type == "cpu":
        mask = None if rows is None else rows.numpy()
        return torch.from_numpy(eliminate_tiles(flat.numpy(), lines, on_tile, mask)).reshape(
            g.shape
        )
    parts = []
    with torch.no_grad():
        for part in chunks(flat):
            parts.append(eliminate_batched(flat[part], lines, None if rows is None else rows[part]))
            if on_tile is not None:
                on_tile(len(parts[-1]))
    return torch.cat(parts).reshape(g.shape)
