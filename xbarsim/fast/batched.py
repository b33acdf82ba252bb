"""This module is the exact model in batched torch: for GPUs, and for gradients by autograd.

The same elimination as the compiled kernel, one word line at a time for all tiles at once. The step
through a bit-line segment is X = (I + R Y)^-1, Y <- X Y, Q <- Q X; the product X Y keeps the digits
that (I - X) / R would lose.
"""

from typing import Any

import torch
from torch import Tensor

from xbarsim.fast.tiles import reversed_array
from xbarsim.parameters import CrossbarParams


def eliminate_batched(conductance: Tensor, crossbar: CrossbarParams) -> Tensor:
    """Return the effective conductance of [..., row, col], on the tensor's device, differentiable."""
    if crossbar.cols > crossbar.rows:
        turned = conductance.transpose(-1, -2).flip(-1, -2)
        result = eliminate_batched(turned, reversed_array(crossbar))
        return result.flip(-1, -2).transpose(-1, -2)
    return _march(conductance, crossbar)


def _march(g: Tensor, crossbar: CrossbarParams) -> Tensor:
    admittance, source = word_line_ladders(g, crossbar.r_driver, crossbar.r_wire_row)
    y = admittance[..., 0, :, :]
    q = source[..., :1, :]
    for i in range(1, crossbar.rows):
        y, q = _segment(y, q, crossbar.r_wire_col)
        y = y + admittance[..., i, :, :]
        q = torch.cat([q, source[..., i : i + 1, :]], dim=-2)
    _, q = _segment(y, q, crossbar.r_sense)
    return q


def _segment(y: Tensor, q: Tensor, r: float) -> tuple[Tensor, Tensor]:
    """Pass a series resistance: Norton equivalent before, Norton equivalent after."""
    if r == 0:
        return y, q
    eye = torch.eye(y.shape[-1], dtype=y.dtype, device=y.device)
    factor = torch.linalg.cholesky(eye + r * y)
    solved = torch.cholesky_solve(torch.cat([y, q.transpose(-1, -2)], dim=-1), factor)
    n = y.shape[-1]
    y_after = solved[..., :n]
    return 0.5 * (y_after + y_after.transpose(-1, -2)), solved[..., n:].transpose(-1, -2)


def word_line_ladders(g: Tensor, r_driver: float, r_wire_row: float) -> tuple[Tensor, Tensor]:
    """Eliminate every word line: admittance [..., row, col, col] and source [..., row, col].

    See ``kernel.add_row`` for the recursions; here they run over columns for all rows at once.
    """
    n = g.shape[-1]
    right: list[Any] = [torch.zeros_like(g[..., 0])] * n
    for j in range(n - 2, -1, -1):
        t = right[j + 1] + g[..., j + 1]
        right[j] = t / (1 + r_wire_row * t)
    z = torch.full_like(g[..., 0], r_driver)
    transfer = 1 / (1 + r_driver * (g[..., 0] + right[0]))
    diagonal, shunt, decay, source = [], [], [], []
    for j in range(n):
        total = g[..., j] + right[j]
        if j > 0:
            z = r_wire_row + z / (1 + z * g[..., j - 1])
            decay.append(1 / (1 + r_wire_row * total))
            transfer = transfer * decay[-1]
        inverse = z / (1 + z * total)
        diagonal.append(inverse)
        # 1 - g z / (1 + z total), without the difference.
        shunt.append((1 + z * right[j]) / (1 + z * total))
        source.append(g[..., j] * transfer)
    coupling = _couplings(torch.stack(diagonal, -1), decay, g)
    off = coupling * (g[..., :, None] * g[..., None, :])
    return torch.diag_embed(g * torch.stack(shunt, -1)) - off, torch.stack(source, -1)


def _couplings(diagonal: Tensor, decay: list[Tensor], g: Tensor) -> Tensor:
    """Return the off-diagonal part of the ladder's inverse: diagonal times the decays between."""
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
    return lower + lower.transpose(-1, -2)
