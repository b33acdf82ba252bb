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


def eliminate_batched(
    conductance: Tensor, crossbar: CrossbarParams, floating: Tensor | None = None
) -> Tensor:
    """Return the effective conductance of [..., row, col], on the tensor's device, differentiable.

    ``floating`` [..., row] says which word lines have no driver.
    """
    if crossbar.cols > crossbar.rows and floating is None:
        turned = conductance.transpose(-1, -2).flip(-1, -2)
        result = eliminate_batched(turned, reversed_array(crossbar))
        return result.flip(-1, -2).transpose(-1, -2)
    return _march(conductance, crossbar, floating)


def _march(g: Tensor, crossbar: CrossbarParams, floating: Tensor | None) -> Tensor:
    inverse, shunt, transfer = word_line_ladders(
        g, crossbar.r_driver, crossbar.r_wire_row, floating
    )
    admittance, source = word_line_admittance(g, inverse, shunt), g * transfer
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


def word_line_ladders(
    g: Tensor, r_driver: float | Tensor, r_wire_row: float | Tensor, floating: Tensor | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Eliminate every word line.

    See ``ladder`` for the recursions; here they run over columns for all rows at once.

    Returns:
        The ladders' inverse [..., row, col, col], the share of a cell's current that is not drawn
        by its own cell [..., row, col], and the word line's voltages per volt of input with all
        bit lines at 0 V [..., row, col].
    """
    n = g.shape[-1]
    right: list[Any] = [torch.zeros_like(g[..., 0])] * n
    for j in range(n - 2, -1, -1):
        t = right[j + 1] + g[..., j + 1]
        right[j] = t / (1 + r_wire_row * t)
    z = torch.zeros_like(g[..., 0]) + r_driver
    left = torch.zeros_like(z)
    transfer = 1 / (1 + r_driver * (g[..., 0] + right[0]))
    if floating is not None:
        transfer = torch.where(floating, 0.0, transfer)
    diagonal, shunt, decay, share = [], [], [], []
    for j in range(n):
        total = g[..., j] + right[j]
        if j > 0:
            z = r_wire_row + z / (1 + z * g[..., j - 1])
            t = left + g[..., j - 1]
            left = t / (1 + r_wire_row * t)
            decay.append(1 / (1 + r_wire_row * total))
            transfer = transfer * decay[-1]
        # 1 - g z / (1 + z total), without the difference.
        inverse, kept = z / (1 + z * total), (1 + z * right[j]) / (1 + z * total)
        if floating is not None:
            sum_open = torch.where(left + total > 0, left + total, 1.0)
            inverse = torch.where(floating, 1 / sum_open, inverse)
            kept = torch.where(floating, (left + right[j]) / sum_open, kept)
        diagonal.append(inverse)
        shunt.append(kept)
        share.append(transfer)
    ladder = _couplings(torch.stack(diagonal, -1), decay, g)
    return ladder, torch.stack(shunt, -1), torch.stack(share, -1)


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
