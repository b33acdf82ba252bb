"""This module is the compiled solve of gated patterns with a current source beside every cell.

The march along the word lines (``word_march``) with slopes s and currents h beside them, as Newton's
method has them. Bit line j draws K_j w + c_j from the word lines, c = h - s b(h), with b(h) its
voltages at w = 0. From the far column on d_j = c_j + X_j+1 d_j+1, and back w_j = X_j (w_j-1 - R d_j).

Numba's cache looks at the date of this file only: after a change to ``word_march``, touch it.
"""

import numba
import numpy as np

from xbarsim.fast.pivots import JIT
from xbarsim.fast.word_march import add_bit_line, pass_resistance, resistances_before


@numba.njit(**JIT)
def gated_voltages(slope, beside, v_row, active, resistances, v_cell):
    """Fill ``v_cell`` [pattern, row, col] with word-line minus bit-line voltages; silent rows get 0.

    Args:
        slope: Cells, [pattern, row, col]. [S]
        beside: Currents from word line to bit line beside them, same shape. [A]
        v_row: Inputs, [pattern, row]. [V]
        active: True where a row is not gated, [pattern, row].
        resistances: r_driver, r_wire_row, r_wire_col, r_sense. [Ω]
        v_cell: Result. [V]
    """
    rows, cols = slope.shape[1:]
    for p in range(active.shape[0]):
        v_cell[p] = 0.0
        chosen = np.flatnonzero(active[p])[::-1]
        k = chosen.shape[0]
        if k == 0:
            continue
        g, h, word = np.empty((cols, k)), np.empty((cols, k)), np.empty(k)
        for m in range(k):
            word[m] = v_row[p, chosen[m]]
            for j in range(cols):
                g[j, m] = slope[p, chosen[m], j]
                h[j, m] = beside[p, chosen[m], j]
        r = resistances_before(chosen, rows, resistances)
        drop = _solve(g, h, r, word, resistances[0], resistances[1])
        for m in range(k):
            for j in range(cols):
                v_cell[p, chosen[m], j] = drop[j, m]


@numba.njit(**JIT)
def _solve(g, h, r, word, r_driver, r_wire_row):
    """Return word-line minus bit-line voltages [col, k] for sources ``word`` [k]."""
    cols, k = g.shape
    step, drawn = np.empty((cols, k, k)), np.empty((cols, k))
    y, work = np.zeros((k, k)), np.empty((2, k))
    transfer, bit, after = np.empty(k), np.empty(k), np.zeros(k)
    for j in range(cols - 1, -1, -1):
        add_bit_line(y, g[j], r, work, transfer)
        _bit_line(g[j], h[j], r, work, bit)
        for m in range(k):
            drawn[j, m] = h[j, m] - g[j, m] * bit[m] + after[m]
        pass_resistance(y, r_driver if j == 0 else r_wire_row, step[j])
        _apply(step[j], drawn[j], after)
    drop = np.empty((cols, k))
    current = np.empty(k)
    for j in range(cols):
        passed = r_driver if j == 0 else r_wire_row
        for m in range(k):
            current[m] = word[m] - passed * drawn[j, m]
        _apply(step[j], current, word)
        for m in range(k):
            current[m] = g[j, m] * word[m] + h[j, m]
        _bit_line(g[j], current, r, work, bit)
        for m in range(k):
            drop[j, m] = word[m] - bit[m]
    return drop


@numba.njit(**JIT)
def _bit_line(g, q, r, work, bit):
    """Fill the voltages of a bit line whose cells g push currents q [k] into it, words at 0 V.

    Norton equivalents from the far end: admittance t_m, current J_m = q_m + J_m+1 / (1 + r t_m+1);
    then b_m = (b_m-1 + r J_m) / (1 + r t_m). No resistance is divided by.
    """
    n = g.shape[0]
    admittance, source = 0.0, 0.0
    for m in range(n - 1, -1, -1):
        work[0, m] = admittance + g[m]
        work[1, m] = source + q[m]
        through = 1.0 / (1.0 + r[m] * work[0, m])
        admittance, source = work[0, m] * through, work[1, m] * through
    before = 0.0
    for m in range(n):
        before = (before + r[m] * work[1, m]) / (1.0 + r[m] * work[0, m])
        bit[m] = before


@numba.njit(**JIT)
def _apply(x, vector, out):
    """Fill out = x @ vector."""
    for a in range(x.shape[0]):
        acc = 0.0
        for b in range(x.shape[0]):
            acc += x[a, b] * vector[b]
        out[a] = acc
