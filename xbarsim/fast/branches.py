r"""This module is the currents in the wires: sums of cell currents, shared out between a line's ends.

A line with one end carries all its cells' currents there. With two ends at the same voltage, a
cell's current divides inversely to the resistances to both ends.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from xbarsim.fast.lines import Lines, Wiring


def resistance_gradient(
    forward: Tensor,
    adjoint: Tensor,
    lines: Lines,
    wiring: Wiring,
    floating: Tensor | None = None,
) -> Tensor:
    """Return dL/dR of r_driver, r_wire_row, r_wire_col, r_sense, [4], summed over everything.

    Args:
        forward: Cell currents of the inputs, [..., source, row, col]. [A]
        adjoint: Cell currents of the adjoint problem, same shape.
        lines: The wires, free of zeros where a line has two ends.
        wiring: What they were made from.
        floating: True for rows without a driver, [..., row].
    """
    both = (forward, adjoint)
    words = [word_line_currents(x, lines, floating) for x in both]
    bits = [bit_line_currents(x, lines) for x in both]
    (driver, row), (sense, col) = (
        ((f[0] * a[0]).sum(), (f[1] * a[1]).sum()) for f, a in (words, bits)
    )
    ends, leads = wiring.topology, torch.zeros_like(row)
    row = ends.lead_row * driver + (leads if wiring.r_wire_row is not None else row)
    col = ends.lead_col * sense + (leads if wiring.r_wire_col is not None else col)
    return torch.stack([driver, row, col, sense])


def word_line_currents(
    cell: Tensor, lines: Lines, floating: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Return currents of the drivers [..., row, end] and segments [..., row, col - 1], to the right.

    ``cell`` [..., row, col] are the cells' currents, ``floating`` [..., row] rows without a driver.
    """
    ends, along = _line_currents(cell, lines.left, lines.row, lines.right)
    if floating is None:
        return ends, along
    open_line = floating.unsqueeze(-2).unsqueeze(-1)
    ends = torch.where(open_line, 0.0, ends)
    return ends, torch.where(open_line, -cell.cumsum(-1)[..., :-1], along)


def bit_line_currents(cell: Tensor, lines: Lines) -> tuple[Tensor, Tensor]:
    """Return currents of the sense resistors [..., col, end] and segments [..., col, row - 1].

    Lower ends and lowest segments come first; segments count downwards, ends into ground.
    """
    segments = lines.col if np.ndim(lines.col) == 0 else lines.col[::-1].T.copy()
    from_below = cell.flip(-2).transpose(-1, -2)
    return _line_currents(from_below, lines.bottom, segments, lines.top)


def _line_currents(
    cell: Tensor,
    near: Any,  # noqa: ANN401
    segments: Any,  # noqa: ANN401
    far: Any,  # noqa: ANN401
) -> tuple[Tensor, Tensor]:
    """Return currents of both ends [..., line, end] and of the segments, counted from the near end."""
    total = cell.sum(-1, keepdim=True)
    if far is None:
        ends = total
    else:
        r = torch.as_tensor(segments, dtype=cell.dtype, device=cell.device)
        r = torch.broadcast_to(r, (*cell.shape[-2:-1], cell.shape[-1] - 1))
        to_far = _distance(r, far)
        share = to_far / (near + to_far[..., :1])
        first = (cell * share).sum(-1, keepdim=True)
        ends = torch.cat([first, total - first], dim=-1)
    return ends, ends[..., :1] - cell.cumsum(-1)[..., :-1]


def _distance(r: Tensor, far: Any) -> Tensor:  # noqa: ANN401
    """Return the resistance from each cell to the far end, for segments r [line, cell - 1]."""
    ahead = r.flip(-1).cumsum(-1).flip(-1)
    none = torch.zeros((*r.shape[:-1], 1), dtype=r.dtype, device=r.device)
    distance: Tensor = torch.cat([ahead, none], dim=-1) + far
    return distance
