"""This module is the compiled march along the word lines: gated patterns, and what drivers see.

A silent row that is gated is cut off at its cells, so k spiking rows leave an array of k word lines
whose bit lines have longer segments between cells. The bit lines are ladders, eliminated in closed
form as the word lines in ``ladder``; what is left of column j is a matrix K_j [k, k] between word
lines. From the far column to the drivers, with R = R_wire_row,

    Y <- K_j + X Y,   X = (1 + R Y)^-1,   X Y = (1 - X) / R,

so that Y, passed through R_driver, is what the sources see. With their voltages back again:
w_j+1 = X_j+1 w_j and I_j = t_j . w_j, t_j the transfer of bit line j. A pattern costs about
2 cols k^3 operations instead of rows cols^3. The differences lose digits as R Y becomes small: the
error stays near 1e-16 / (R Y), which for models of spikes is nothing.

Numba's cache looks at the date of this file only: after a change to ``pivots``, touch it.
"""

import numba
import numpy as np

from xbarsim.fast.pivots import JIT


@numba.njit(**JIT)
def gated_currents(conductance, active, resistances, i_col):
    """Fill ``i_col`` [pattern, col] with the currents of spikes of 1 V.

    Args:
        conductance: Cells, [row, col]. [S]
        active: True where a row spikes, [pattern, row].
        resistances: r_driver, r_wire_row, r_wire_col, r_sense. [Ω]
        i_col: Result. [A]
    """
    rows, cols = conductance.shape
    space = np.empty(cols * rows * rows)
    transfer = np.empty((cols, rows))
    for p in range(active.shape[0]):
        chosen = np.flatnonzero(active[p])[::-1]
        k = chosen.shape[0]
        if k == 0:
            i_col[p] = 0.0
            continue
        r = resistances_before(chosen, rows, resistances)
        g = np.empty((cols, k))
        for m in range(k):
            for j in range(cols):
                g[j, m] = conductance[chosen[m], j]
        step = space[: cols * k * k].reshape((cols, k, k))
        march(g, r, resistances[0], resistances[1], step, transfer)
        _back(step, transfer, i_col[p])


@numba.njit(**JIT)
def resistances_before(chosen, rows, resistances):
    """Return the bit line's resistance before every chosen row [k], from the sense resistor up."""
    r = np.empty(chosen.shape[0])
    for m in range(chosen.shape[0]):
        below = rows - 1 if m == 0 else chosen[m - 1]
        r[m] = resistances[2] * (below - chosen[m]) + (resistances[3] if m == 0 else 0.0)
    return r


@numba.njit(**JIT)
def driver_admittance(conductance, resistances):
    """Return the current into every source per volt at every source, [row, row]. [S]"""
    rows, cols = conductance.shape
    g = conductance[::-1].T.copy()
    r = np.full(rows, resistances[2])
    r[0] = resistances[3]
    step, transfer = np.empty((cols, rows, rows)), np.empty((cols, rows))
    return march(g, r, resistances[0], resistances[1], step, transfer)[::-1, ::-1].copy()


@numba.njit(**JIT)
def march(g, r, r_driver, r_wire_row, step, transfer):
    """Eliminate k word lines, the one nearest to the sense resistors first, g [col, k].

    Fills X of the resistance before every column, ``step`` [col, k, k], and ``transfer`` [col, k];
    returns the admittance at the sources, [k, k].
    """
    cols, k = g.shape
    y = np.zeros((k, k))
    work = np.empty((2, k))
    for j in range(cols - 1, -1, -1):
        add_bit_line(y, g[j], r, work, transfer[j])
        pass_resistance(y, r_driver if j == 0 else r_wire_row, step[j])
    return y


@numba.njit(**JIT)
def _back(step, transfer, i_col):
    """Fill the column currents of 1 V at every source."""
    cols, k = step.shape[:2]
    word = np.ones(k)
    after = np.empty(k)
    for j in range(cols):
        total = 0.0
        for a in range(k):
            acc = 0.0
            for b in range(k):
                acc += step[j, a, b] * word[b]
            after[a] = acc
            total += transfer[j, a] * acc
        word[:] = after
        i_col[j] = total


@numba.njit(**JIT)
def add_bit_line(y, g, r, work, transfer):
    """Add bit line g [k] to y [k, k], and fill its sense current per volt of word line, ``transfer``.

    ``r`` [k] is the resistance before each cell, that of the sense resistor included in the first.
    """
    n = g.shape[0]
    acc = 0.0
    for m in range(n - 1, -1, -1):
        work[0, m] = acc
        t = acc + g[m]
        acc = t / (1.0 + r[m] * t)
    left = r[0]
    share = 1.0 / (1.0 + r[0] * (g[0] + work[0, 0]))
    for m in range(n):
        total = g[m] + work[0, m]
        if m > 0:
            left = r[m] + left / (1.0 + left * g[m - 1])
            decay = 1.0 / (1.0 + r[m] * total)
            share *= decay
            for b in range(m):
                work[1, b] *= decay
                coupled = g[m] * work[1, b]
                y[m, b] -= coupled
                y[b, m] -= coupled
        y[m, m] += g[m] * (1.0 + left * work[0, m]) / (1.0 + left * total)
        work[1, m] = g[m] * left / (1.0 + left * total)
        transfer[m] = g[m] * share


@numba.njit(**JIT)
def pass_resistance(y, r, x):
    """Pass all word lines through r: fill x = (1 + r y)^-1, and replace y by x y."""
    k = y.shape[0]
    x[:] = r * y
    for a in range(k):
        x[a, a] += 1.0
    if r == 0.0:
        return
    _invert(x)
    inverse = 1.0 / r
    y[:] = -inverse * x
    for a in range(k):
        y[a, a] += inverse


@numba.njit(**JIT)
def _invert(x):
    """Invert x [k, k] in place; its pivots are never small, as it is 1 plus an admittance."""
    k = x.shape[0]
    pivot = np.empty(k)
    for p in range(k):
        scale = 1.0 / x[p, p]
        for b in range(k):
            pivot[b] = x[p, b] * scale
        pivot[p] = scale
        for a in range(k):
            f = x[a, p]
            x[a, p] = 0.0
            for b in range(k):
                x[a, b] -= f * pivot[b]
        for b in range(k):
            x[p, b] = pivot[b]
