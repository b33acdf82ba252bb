"""This module is lines solved alone: every word line, or every bit line, in time rows x cols.

A line of nodes j with cell conductances g_j to lines held at 0 V is a ladder. Seen from node j away
from its near end: admittance a_{j-1} = t / (1 + R_j t) with t = a_j + g_j, decay d_j = 1 / (1 + R_j t)
and, for currents f_j into the nodes, the Norton current s_{j-1} = f_{j-1} + d_j s_j. Back from the
near end: v_0 = (V + R_near s_0) / (1 + R_near (g_0 + a_0)), v_j = d_j (v_{j-1} + R_j s_j). Sums and
products of positive numbers only, and each resistance may be zero.

Numba looks at the date of the calling file only: after a change here touch ``iterative``.

Word lines run along the rows, their near end is column 0; bit lines run along the columns, their
near end is the last row. Bit lines are worked on side by side, in strips that stay in the cache.
"""

import numba
import numpy as np

from xbarsim.fast.pivots import JIT

STRIP = 32


@numba.njit(**JIT)
def word_decays(g, r, far, near, decay):
    """Fill ``decay`` [row, col] with d_j; column 0 holds 1 / (1 + R_near (g_0 + a_0)).

    ``r`` [row, col - 1] are segments, ``far`` [row] conductances of far ends, ``near`` [row]
    resistances of near ends; a near end that is not there is infinite, column 0 then 1 / (g_0 + a_0).
    """
    rows, cols = g.shape
    one = g.dtype.type(1)
    for i in range(rows):
        t = far[i] + g[i, cols - 1]
        for j in range(cols - 1, 0, -1):
            d = one / (one + r[i, j - 1] * t)
            decay[i, j] = d
            t = t * d + g[i, j - 1]
        decay[i, 0] = _end(near[i], t)


@numba.njit(**JIT)
def bit_decays(g, r, far, near, decay):
    """Do the same for bit lines; ``r`` is [row - 1, col], the last row of ``decay`` is the near end."""
    rows, cols = g.shape
    one = g.dtype.type(1)
    t = np.empty(STRIP, g.dtype)
    for start in range(0, cols, STRIP):
        n = min(STRIP, cols - start)
        for k in range(n):
            t[k] = far[start + k] + g[0, start + k]
        for i in range(rows - 1):
            for k in range(n):
                d = one / (one + r[i, start + k] * t[k])
                decay[i, start + k] = d
                t[k] = t[k] * d + g[i + 1, start + k]
        for k in range(n):
            decay[rows - 1, start + k] = _end(near[start + k], t[k])


@numba.njit(**JIT)
def _end(near, total):
    if near == np.inf:
        return 1 / total if total > 0 else total
    return 1 / (1 + near * total)


@numba.njit(**JIT)
def solve_words(g, other, r, far, near, decay, v_near, out):
    """Fill ``out`` [row, col] with word-line voltages, for bit lines at voltages ``other``.

    The sources are ``v_near`` [row], behind both ends of each line.
    """
    rows, cols = g.shape
    for i in range(rows):
        s = g[i, cols - 1] * other[i, cols - 1] + far[i] * v_near[i]
        out[i, cols - 1] = s
        for j in range(cols - 1, 0, -1):
            s = g[i, j - 1] * other[i, j - 1] + decay[i, j] * s
            out[i, j - 1] = s
        v = (s if near[i] == np.inf else v_near[i] + near[i] * s) * decay[i, 0]
        out[i, 0] = v
        for j in range(1, cols):
            v = decay[i, j] * (v + r[i, j - 1] * out[i, j])
            out[i, j] = v


@numba.njit(**JIT)
def solve_bits(source, r, far, near, decay, v_near, out):
    """Fill ``out`` [row, col] with bit-line voltages, for currents ``source`` into their nodes."""
    rows, cols = source.shape
    for start in range(0, cols, STRIP):
        stop = min(start + STRIP, cols)
        for j in range(start, stop):
            out[0, j] = source[0, j] + far[j] * v_near[j]
        for i in range(rows - 1):
            for j in range(start, stop):
                out[i + 1, j] = source[i + 1, j] + decay[i, j] * out[i, j]
        for j in range(start, stop):
            s = out[rows - 1, j]
            v = s if near[j] == np.inf else v_near[j] + near[j] * s
            out[rows - 1, j] = v * decay[rows - 1, j]
        for i in range(rows - 2, -1, -1):
            for j in range(start, stop):
                out[i, j] = decay[i, j] * (out[i + 1, j] + r[i, j] * out[i, j])


@numba.njit(**JIT)
def multiply(a, b, out):
    """Set out = a * b, both [row, col]."""
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            out[i, j] = a[i, j] * b[i, j]


@numba.njit(**JIT)
def dot(a, b):
    """Return the sum over all cells of a * b."""
    total = 0.0
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            total += a[i, j] * b[i, j]
    return total


@numba.njit(**JIT)
def row_sums(a, b):
    """Return the sums of a * b along the rows, [row]."""
    sums = np.zeros(a.shape[0])
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            sums[i] += a[i, j] * b[i, j]
    return sums


@numba.njit(**JIT)
def column_sums(a, b):
    """Return the sums of a * b along the columns, [col]."""
    sums = np.zeros(a.shape[1])
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            sums[j] += a[i, j] * b[i, j]
    return sums


@numba.njit(**JIT)
def add_outer(a, row, col):
    """Add row[i] * col[j] to a[i, j]."""
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            a[i, j] += row[i] * col[j]
