"""This module is the kernel's word line: a ladder, eliminated in closed form.

Admittance to the right of cell j, its own cell left out: a_{j-1} = t / (1 + R_j t) with
t = a_j + g_j and a_{n-1} the conductance of the right end, zero without a driver there. A driver at
the right end brings in the short-circuit current q_{j-1} = q_j / (1 + R_j t). The inverse of the
ladder is the product of a diagonal and of the decays 1 / (1 + R_j (g_j + a_j)) between two cells;
only sums and products of positive numbers occur.
"""

import numba

from xbarsim.fast.pivots import JIT


@numba.njit(**JIT)
def add_row(z, width, row, g, left, segments, right, work):
    """Add word line ``row``: its ladder, eliminated in closed form, joins the bit lines.

    ``left`` is the resistance of its left end, ``right`` the conductance of its right end,
    ``segments`` [col - 1] are its wires. To the left of cell j an impedance z and an open-circuit
    voltage e per volt: z_{j+1} = R_j + z_j / (1 + z_j g_j), e_{j+1} = e_j / (1 + z_j g_j). The
    diagonal is z / (1 + z (g + a)), the voltage at cell j (e + z q) / (1 + z (g + a)).
    """
    n = g.shape[0]
    one = z.dtype.type(1)
    look_right(g, segments, right, work)
    impedance, voltage = left, one
    for j in range(n):
        total = g[j] + work[0, j]
        if j > 0:
            before = one / (one + impedance * g[j - 1])
            impedance = segments[j - 1] + impedance * before
            voltage *= before
            decay = one / (one + segments[j - 1] * total)
            for k in range(j):
                work[1, k] *= decay
                z[j, k] += g[j] * work[1, k]
        across = one / (one + impedance * total)
        work[1, j] = g[j] * impedance * across
        source = g[j] * (voltage + impedance * work[2, j]) * across
        z[j, width] += source
        z[j, width + 1 + row] = source


@numba.njit(**JIT)
def add_floating_row(z, g, segments, work):
    """Add a word line whose drivers are off: it joins bit lines to each other, and has no source.

    Admittance to the left  y_0 = 0, y_{j+1} = t / (1 + R_j t) with t = y_j + g_j; the diagonal is
    1 / (y_j + g_j + a_j), which is zero only if no cell of the row conducts.
    """
    n = g.shape[0]
    one = z.dtype.type(1)
    look_right(g, segments, z.dtype.type(0), work)
    left = z.dtype.type(0)
    for j in range(n):
        total = g[j] + work[0, j]
        if j > 0:
            t = left + g[j - 1]
            left = t / (one + segments[j - 1] * t)
            decay = one / (one + segments[j - 1] * total)
            for k in range(j):
                work[1, k] *= decay
                z[j, k] += g[j] * work[1, k]
        work[1, j] = g[j] / (left + total) if left + total > 0 else g[j]


@numba.njit(**JIT)
def look_right(g, segments, right, work):
    """Fill work[0] with the admittance to the right of every cell, work[2] with its current."""
    n = g.shape[0]
    one = g.dtype.type(1)
    work[0, n - 1] = right
    work[2, n - 1] = right
    for j in range(n - 1, 0, -1):
        t = work[0, j] + g[j]
        decay = one / (one + segments[j - 1] * t)
        work[0, j - 1] = t * decay
        work[2, j - 1] = work[2, j] * decay
