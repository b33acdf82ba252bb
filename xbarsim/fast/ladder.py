"""This module is the kernel's word line: a ladder, eliminated in closed form.

Admittance to the right of cell j, its own cell left out: a_{n-1} = 0, a_{j-1} = t / (1 + R_row t)
with t = a_j + g_j. The inverse of the ladder is the product of a diagonal and of the decays
1 / (1 + R_row (g_k + a_k)) between two cells; only sums and products of positive numbers occur.
"""

import numba

from xbarsim.fast.pivots import JIT


@numba.njit(**JIT)
def add_row(z, width, row, g, r_driver, r_wire_row, work):
    """Add word line ``row``: its ladder, eliminated in closed form, joins the bit lines.

    Impedance to the left  z_0 = R_driver, z_{j+1} = R_row + z_j / (1 + z_j g_j); the diagonal is
    z_j / (1 + z_j (g_j + a_j)).
    """
    n = g.shape[0]
    one = z.dtype.type(1)
    _look_right(g, r_wire_row, work)
    left = r_driver
    transfer = one / (one + r_driver * (g[0] + work[0, 0]))
    for j in range(n):
        total = g[j] + work[0, j]
        if j > 0:
            left = r_wire_row + left / (one + left * g[j - 1])
            decay = one / (one + r_wire_row * total)
            transfer *= decay
            for k in range(j):
                work[1, k] *= decay
                z[j, k] += g[j] * work[1, k]
        work[1, j] = g[j] * left / (one + left * total)
        source = g[j] * transfer
        z[j, width] += source
        z[j, width + 1 + row] = source


@numba.njit(**JIT)
def add_floating_row(z, g, r_wire_row, work):
    """Add a word line whose driver is off: it joins bit lines to each other, and has no source.

    Admittance to the left  y_0 = 0, y_{j+1} = t / (1 + R_row t) with t = y_j + g_j; the diagonal is
    1 / (y_j + g_j + a_j), which is zero only if no cell of the row conducts.
    """
    n = g.shape[0]
    one = z.dtype.type(1)
    _look_right(g, r_wire_row, work)
    left = z.dtype.type(0)
    for j in range(n):
        total = g[j] + work[0, j]
        if j > 0:
            t = left + g[j - 1]
            left = t / (one + r_wire_row * t)
            decay = one / (one + r_wire_row * total)
            for k in range(j):
                work[1, k] *= decay
                z[j, k] += g[j] * work[1, k]
        work[1, j] = g[j] / (left + total) if left + total > 0 else g[j]


@numba.njit(**JIT)
def _look_right(g, r_wire_row, work):
    """Fill work[0] with the admittance to the right of every cell."""
    one = g.dtype.type(1)
    acc = g.dtype.type(0)
    for j in range(g.shape[0] - 1, -1, -1):
        work[0, j] = acc
        t = acc + g[j]
        acc = t / (one + r_wire_row * t)
