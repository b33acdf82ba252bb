"""This module is the array's inside: all node voltages, for any sources, from one factorisation.

Down the bit lines the array above row i is a Norton source: admittance Y [col, col], current J [col].
Through a segment of resistances R, with X = (I + R Y)^-1, it becomes Y X and J X; on the way back the
bit-line voltages are b_i = X (b_{i+1} + R J). Word lines follow from their ladders. X is kept, so
that more sources cost products only, and no resistance is divided by: each of them may be zero.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from xbarsim.fast.batched import segment_below, upper_end, word_line_admittance, word_line_ladders
from xbarsim.fast.lines import Lines

Resistances = tuple[float, float, float, float]


@dataclass(frozen=True)
class Factorisation:
    """An array ready to be solved for sources, in float64; see ``factorise``.

    Attributes:
        conductance: Cell conductances, [..., row, col]. [S]
        lines: The wires, free of zeros where a line has two ends.
        ladder: Inverse of every word line's ladder, [..., row, col, col]. [Ω]
        transfer: Word-line voltages per volt of input, bit lines at 0 V, [..., row, col].
        step: X of the segment below every row, [..., row, col, col].
    """

    conductance: Tensor
    lines: Lines
    ladder: Tensor
    transfer: Tensor
    step: Tensor

    def cell_voltages(
        self,
        v_row: Tensor | None = None,
        *,
        v_sense: Tensor | None = None,
        injected: Tensor | None = None,
    ) -> Tensor:
        """Return word-line minus bit-line voltage of every cell, [..., source, row, col]. [V]

        Args:
            v_row: Inputs, [..., source, row]. [V]
            v_sense: Voltages at the far ends of the sense resistors, [..., source, col]. [V]
            injected: Currents from word line to bit line beside the cells, [..., source, row, col].
        """
        word, bit = self.node_voltages(v_row, v_sense=v_sense, injected=injected)
        return word - bit

    def node_voltages(
        self,
        v_row: Tensor | None = None,
        *,
        v_sense: Tensor | None = None,
        injected: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return the voltages of word and bit lines, [..., source, row, col] each. [V]

        The arguments are those of ``cell_voltages``.
        """
        g = self.conductance[..., None, :, :]
        word = torch.zeros_like(g)
        if v_row is not None:
            word = word + v_row[..., None] * self.transfer[..., None, :, :]
        current = g * word
        if injected is not None:
            word = word - _per_row(self.ladder, injected)
            current = g * word + injected
        bit = self._bit_lines(current, v_sense)
        return word + _per_row(self.ladder, g * bit), bit

    def _bit_lines(self, current: Tensor, v_sense: Tensor | None) -> Tensor:
        """Return bit-line voltages for currents [..., source, row, col] of rows seen at 0 V."""
        rows = current.shape[-2]
        first = current[..., 0, :]
        if v_sense is not None and self.lines.top is not None:
            first = first + v_sense / self.lines.top
        sums = [first]
        for i in range(1, rows):
            sums.append(sums[-1] @ self.step[..., i - 1, :, :] + current[..., i, :])
        below = torch.zeros_like(sums[-1]) if v_sense is None else v_sense
        voltages = []
        for i in range(rows - 1, -1, -1):
            r = _below(self.lines, i, current)
            below = (below + r * sums[i]) @ self.step[..., i, :, :].transpose(-1, -2)
            voltages.append(below)
        return torch.stack(voltages[::-1], dim=-2)


def factorise(
    conductance: Tensor, resistances: Resistances | Lines, floating: Tensor | None = None
) -> Factorisation:
    """Prepare an array [..., row, col] for sources; rows x cols x cols numbers are kept.

    Args:
        conductance: Cell conductances, [..., row, col]. [S]
        resistances: r_driver, r_wire_row, r_wire_col, r_sense of a plain array, or its lines. [Ω]
        floating: True for rows without a driver, [..., row].
    """
    g = conductance.detach().double()
    lines = _lines(g, resistances).floored(float(g.max()))
    ladder, shunt, transfer = word_line_ladders(g, lines, floating)
    admittance = word_line_admittance(g, ladder, shunt)
    eye = torch.eye(lines.cols, dtype=g.dtype, device=g.device)
    y = upper_end(g, lines)
    steps = []
    for i in range(lines.rows):
        y = y + admittance[..., i, :, :]
        r = _below(lines, i, g)
        if isinstance(r, Tensor):
            x = torch.linalg.inv(eye + r[:, None] * y)
        else:
            x = torch.cholesky_inverse(torch.linalg.cholesky(eye + r * y))
        y = y @ x
        y = 0.5 * (y + y.transpose(-1, -2))
        steps.append(x)
    return Factorisation(g, lines, ladder, transfer, torch.stack(steps, dim=-3))


def _lines(g: Tensor, resistances: Resistances | Lines) -> Lines:
    if isinstance(resistances, Lines):
        return resistances
    r_driver, r_row, r_col, r_sense = resistances
    rows, cols = g.shape[-2:]
    return Lines(rows, cols, r_driver, None, r_row, r_col, None, r_sense)


def _below(lines: Lines, row: int, g: Tensor) -> Any:  # noqa: ANN401
    """Return the resistance below ``row``: of its segments, or of the lower ends."""
    return lines.bottom if row == lines.rows - 1 else segment_below(lines, row, g)


def _per_row(ladder: Tensor, current: Tensor) -> Tensor:
    """Apply every row's ladder [..., row, col, col] to [..., source, row, col]."""
    return torch.einsum("...ijk,...sik->...sij", ladder, current)
