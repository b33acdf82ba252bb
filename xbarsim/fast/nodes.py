"""This module is the array's inside: all cell voltages, for any sources, from one factorisation.

Down the bit lines the array above row i is a Norton source: admittance Y [col, col], current J [col].
Through a segment of resistance R, with X = (I + R Y)^-1, it becomes X Y and X J; on the way back the
bit-line voltages are b_i = X (b_{i+1} + R J). Word lines follow from their ladders. X is kept, so
that more sources cost products only, and no resistance is divided by: each of them may be zero.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from xbarsim.fast.batched import word_line_admittance, word_line_ladders

Resistances = tuple[float, float, float, float]


@dataclass(frozen=True)
class Factorisation:
    """An array ready to be solved for sources, in float64; see ``factorise``.

    Attributes:
        conductance: Cell conductances, [..., row, col]. [S]
        resistances: r_driver, r_wire_row, r_wire_col, r_sense. [Ω]
        ladder: Inverse of every word line's ladder, [..., row, col, col]. [Ω]
        transfer: Word-line voltages per volt of input, bit lines at 0 V, [..., row, col].
        step: X of the segment below every row, [..., row, col, col].
    """

    conductance: Tensor
    resistances: Resistances
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
        g = self.conductance[..., None, :, :]
        word = torch.zeros_like(g)
        if v_row is not None:
            word = word + v_row[..., None] * self.transfer[..., None, :, :]
        current = g * word
        if injected is not None:
            word = word - _per_row(self.ladder, injected)
            current = g * word + injected
        bit = self._bit_lines(current, v_sense)
        return word + _per_row(self.ladder, g * bit) - bit

    def _bit_lines(self, current: Tensor, v_sense: Tensor | None) -> Tensor:
        """Return bit-line voltages for currents [..., source, row, col] of rows seen at 0 V."""
        _, _, r_wire_col, r_sense = self.resistances
        rows = current.shape[-2]
        sums = [current[..., 0, :]]
        for i in range(1, rows):
            sums.append(sums[-1] @ self.step[..., i - 1, :, :] + current[..., i, :])
        below = torch.zeros_like(sums[-1]) if v_sense is None else v_sense
        voltages = []
        for i in range(rows - 1, -1, -1):
            r = r_sense if i == rows - 1 else r_wire_col
            below = (below + r * sums[i]) @ self.step[..., i, :, :]
            voltages.append(below)
        return torch.stack(voltages[::-1], dim=-2)


def factorise(
    conductance: Tensor, resistances: Resistances, floating: Tensor | None = None
) -> Factorisation:
    """Prepare an array [..., row, col] for ``cell_voltages``; rows x cols x cols numbers are kept.

    Args:
        conductance: Cell conductances, [..., row, col]. [S]
        resistances: r_driver, r_wire_row, r_wire_col, r_sense. [Ω]
        floating: True for rows without a driver, [..., row].
    """
    g = conductance.detach().double()
    r_driver, r_wire_row, r_wire_col, r_sense = resistances
    ladder, shunt, transfer = word_line_ladders(g, r_driver, r_wire_row, floating)
    admittance = word_line_admittance(g, ladder, shunt)
    rows, cols = g.shape[-2:]
    eye = torch.eye(cols, dtype=g.dtype)
    y = torch.zeros_like(admittance[..., 0, :, :])
    steps = []
    for i in range(rows):
        y = y + admittance[..., i, :, :]
        r = r_sense if i == rows - 1 else r_wire_col
        x = torch.cholesky_inverse(torch.linalg.cholesky(eye + r * y))
        y = x @ y
        y = 0.5 * (y + y.transpose(-1, -2))
        steps.append(x)
    return Factorisation(g, resistances, ladder, transfer, torch.stack(steps, dim=-3))


def _per_row(ladder: Tensor, current: Tensor) -> Tensor:
    """Apply every row's ladder [..., row, col, col] to [..., source, row, col]."""
    return torch.einsum("...ijk,...sik->...sij", ladder, current)
