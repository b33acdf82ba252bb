"""This module is the exact model in batched torch: for GPUs, and for gradients by autograd.

The same elimination as the compiled kernel, one word line at a time for all tiles at once. The step
through a bit-line segment is X = (I + R Y)^-1, Y <- X Y, Q <- Q X; the product X Y keeps the digits
that (I - X) / R would lose.

Single precision: Y is a difference, so that what reaches ground through little is lost against large
cells; see ``single_precision_load``. Arrays whose load is above ``SINGLE_LOAD`` are computed in float64
and rounded at the end. Below it float32 came within 1e-4 of the largest entry on 2,500 random arrays of
2 to 100 rows (G ratios to 1e6, resistances 0 to 1 MΩ), and 3e-6 with common ones; above it errors
reached 100 %. The compiled kernel has no such limit.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from xbarsim.fast.lines import Lines

SINGLE_LOAD = 16.0
"""Largest load at which float32 is used."""


def eliminate_batched(g: Tensor, lines: Lines, floating: Tensor | None = None) -> Tensor:
    """Return the effective conductance of [..., row, col], on the tensor's device, differentiable.

    ``floating`` [..., row] says which word lines have no driver; ``lines`` may hold tensors.
    """
    lines = lines.floored(float(g.detach().max()))
    if floating is None and lines.turned().cost < lines.cost:
        turned = _march_all(g.transpose(-1, -2).flip(-1, -2), lines.turned(), None)
        return turned.flip(-1, -2).transpose(-1, -2)
    return _march_all(g, lines, floating)


def _march_all(g: Tensor, lines: Lines, floating: Tensor | None) -> Tensor:
    """March in the tensor's own precision, or in float64 those arrays that need it."""
    if g.dtype == torch.float64:
        return _marches(g, lines, floating)
    load = single_precision_load(g.detach(), lines, floated=floating is not None)
    heavy = (load > SINGLE_LOAD).reshape(-1)
    if not bool(heavy.any()):
        return _marches(g, lines, floating)
    flat = g.reshape(-1, *g.shape[-2:])
    rows = None if floating is None else floating.expand(g.shape[:-1]).reshape(len(flat), -1)
    result = torch.empty_like(flat)
    for part, dtype in ((heavy, torch.float64), (~heavy, g.dtype)):
        where = part.nonzero()[:, 0]
        if len(where):
            found = _marches(flat[where].to(dtype), lines, None if rows is None else rows[where])
            result = result.index_copy(0, where, found.to(g.dtype))
    return result.reshape(g.shape)


def single_precision_load(g: Tensor, lines: Lines, *, floated: bool) -> Tensor:
    r"""Return how much larger cells are than what ends in sources or ground, [...].

    $\max_j \sum_i g_{ij}$ over the least that a bit line is certain to have: its share of the drivers,
    $\sum_i S_i / (1 + R_i S_i) / cols$ with a row's cells S_i and its driver and wire R_i (none where
    rows are ``floated``), and its sense resistor with the whole bit line before it.
    """
    r_row, r_col = (_longest(x, length - 1, axis) for x, length, axis in (
        (lines.row, lines.cols, 1), (lines.col, lines.rows, 0),
    ))  # fmt: skip
    cells = g.sum(dim=-1)
    drivers = (cells / (1 + (_number(lines.left) + r_row) * cells)).sum(dim=-1) / lines.cols
    ground = 1 / max(_number(lines.bottom) + r_col, torch.finfo(torch.float32).tiny)
    largest: Tensor = g.sum(dim=-2).amax(dim=-1)
    return largest / (ground + (0 if floated else drivers))


def _longest(r: Any, segments: int, axis: int) -> float:  # noqa: ANN401
    """Return the resistance of the longest line, of ``segments`` of one value or [row, col]."""
    if isinstance(r, np.ndarray):
        return float(r.sum(axis=axis).max(initial=0.0))
    return _number(r) * segments


def _number(r: Any) -> float:  # noqa: ANN401
    return float(r.detach() if isinstance(r, Tensor) else r)


def _marches(g: Tensor, lines: Lines, floating: Tensor | None) -> Tensor:
    """March to the lower ends of the bit lines, and to the upper ones where there are any."""
    down = _march(g, lines, floating)
    if not lines.two_ended:
        return down
    flipped = None if floating is None else floating.flip(-1)
    return down + _march(g.flip(-2), lines.flipped(), flipped).flip(-2)


def _march(g: Tensor, lines: Lines, floating: Tensor | None) -> Tensor:
    """Return what reaches the lower ends of the bit lines."""
    inverse, shunt, transfer = word_line_ladders(g, lines, floating)
    admittance, source = word_line_admittance(g, inverse, shunt), g * transfer
    y = admittance[..., 0, :, :] + upper_end(g, lines)
    q = source[..., :1, :]
    for i in range(1, lines.rows):
        y, q = _segment(y, q, segment_below(lines, i - 1, g))
        y = y + admittance[..., i, :, :]
        q = torch.cat([q, source[..., i : i + 1, :]], dim=-2)
    _, q = _segment(y, q, lines.bottom)
    return q


def upper_end(g: Tensor, lines: Lines) -> Tensor:
    """Return the admittance above row 0, [col, col]: that of the sense resistors there."""
    eye = torch.eye(lines.cols, dtype=g.dtype, device=g.device)
    return 0 * eye if lines.top is None else eye / lines.top


def segment_below(lines: Lines, row: int, g: Tensor) -> Any:  # noqa: ANN401
    """Return the bit lines' resistance between ``row`` and the next: one number, or [col]."""
    if not isinstance(lines.col, np.ndarray):
        return lines.col
    return torch.tensor(lines.col[row].copy(), dtype=g.dtype, device=g.device)


def _segment(y: Tensor, q: Tensor, r: Any) -> tuple[Tensor, Tensor]:  # noqa: ANN401
    """Pass a series resistance: Norton equivalent before, Norton equivalent after."""
    n = y.shape[-1]
    eye = torch.eye(n, dtype=y.dtype, device=y.device)
    right = torch.cat([y, q.transpose(-1, -2)], dim=-1)
    if isinstance(r, Tensor) and r.ndim > 0:
        solved = torch.linalg.solve(eye + y * r, right)
    elif isinstance(r, Tensor) or r > 0:
        solved = torch.cholesky_solve(right, torch.linalg.cholesky(eye + r * y))
    else:
        return y, q
    y_after = solved[..., :n]
    return 0.5 * (y_after + y_after.transpose(-1, -2)), solved[..., n:].transpose(-1, -2)


def word_line_ladders(
    g: Tensor, lines: Lines, floating: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Eliminate every word line.

    See ``ladder`` for the recursions; here they run over columns for all rows at once.

    Returns:
        The ladders' inverse [..., row, col, col], the share of a cell's current that is not drawn
        by its own cell [..., row, col], and the word line's voltages per volt of input with all
        bit lines at 0 V [..., row, col].
    """
    n = g.shape[-1]
    r_row = segments_along(lines, g)
    right, current = _look_right(g, lines, r_row, floating)
    z = torch.zeros_like(g[..., 0]) + lines.left
    left, voltage = torch.zeros_like(z), torch.ones_like(z)
    if floating is not None:
        voltage = torch.where(floating, 0.0, voltage)
    diagonal, shunt, decay, share = [], [], [], []
    for j in range(n):
        total = g[..., j] + right[j]
        if j > 0:
            before = 1 / (1 + z * g[..., j - 1])
            z, voltage = r_row[j - 1] + z * before, voltage * before
            t = left + g[..., j - 1]
            left = t / (1 + r_row[j - 1] * t)
            decay.append(1 / (1 + r_row[j - 1] * total))
        # 1 - g z / (1 + z total), without the difference.
        across = 1 / (1 + z * total)
        inverse, kept = z * across, (1 + z * right[j]) * across
        if floating is not None:
            sum_open = torch.where(left + total > 0, left + total, 1.0)
            inverse = torch.where(floating, 1 / sum_open, inverse)
            kept = torch.where(floating, (left + right[j]) / sum_open, kept)
        diagonal.append(inverse)
        shunt.append(kept)
        share.append((voltage + z * current[j]) * across)
    ladder = _couplings(torch.stack(diagonal, -1), decay, g)
    return ladder, torch.stack(shunt, -1), torch.stack(share, -1)


def segments_along(lines: Lines, g: Tensor) -> list[Any]:
    """Return the word lines' resistances between each column and the next: numbers, or [row]."""
    if not isinstance(lines.row, np.ndarray):
        return [lines.row] * (lines.cols - 1)
    return list(torch.tensor(lines.row.T.copy(), dtype=g.dtype, device=g.device))


def _look_right(
    g: Tensor, lines: Lines, r_row: list[Any], floating: Tensor | None
) -> tuple[list[Tensor], list[Tensor]]:
    """Return admittance and short-circuit current to the right of every cell, [..., row] each."""
    none = torch.zeros_like(g[..., 0])
    end = none if lines.right is None else none + 1 / lines.right
    if floating is not None:
        end = torch.where(floating, 0.0, end)
    right, current = [end], [end]
    for j in range(g.shape[-1] - 1, 0, -1):
        t = right[0] + g[..., j]
        passed = 1 / (1 + r_row[j - 1] * t)
        right.insert(0, t * passed)
        current.insert(0, current[0] * passed)
    return right, current


def word_line_admittance(g: Tensor, inverse: Tensor, shunt: Tensor) -> Tensor:
    """Return each word line as the bit lines see it, [..., row, col, col]."""
    other = 1 - torch.eye(g.shape[-1], dtype=g.dtype, device=g.device)
    off = inverse * other * (g[..., :, None] * g[..., None, :])
    return torch.diag_embed(g * shunt) - off


def _couplings(diagonal: Tensor, decay: list[Tensor], g: Tensor) -> Tensor:
    """Return the ladder's inverse: diagonal times the decays between two cells."""
    n = g.shape[-1]
    rows = []
    reach = torch.zeros_like(g)
    for j in range(n):
        if j > 0:
            reach = reach * decay[j - 1][..., None]
        rows.append(reach)
        unit = torch.zeros(n, dtype=g.dtype, device=g.device)
        unit[j] = 1
        reach = reach + unit * diagonal[..., j : j + 1]
    lower = torch.stack(rows, dim=-2)
    return lower + lower.transpose(-1, -2) + torch.diag_embed(diagonal)
