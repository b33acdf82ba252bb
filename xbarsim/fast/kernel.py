"""This module is the compiled kernel of the exact model: star-mesh elimination, row by row.

The array is eliminated from the first word line down. What lies above the current row is a network
seen from the ``cols`` bit lines: mutual conductances ``y[j, k] >= 0`` between bit lines, and the
short-circuit currents ``q[i, j]`` per volt at input i. As all word lines are driven, the conductance
from bit line j to the (grounded) sources is the column sum of q.

Passing a bit-line segment of resistance R replaces node k by the node below it. With
pi = 1 + R (shunt_k + sum_j y_kj), star-mesh elimination of the old node gives

    y_ij += y_ik y_kj R / pi,   y_kj /= pi,   q_ij += q_ik y_kj R / pi,   q_ik /= pi.

Only sums and products of positive numbers occur, so every entry keeps its relative accuracy, in
float32 too, and R = 0 needs no special case. Four pivots are taken at a time, so that an element
is loaded once for four multiply-adds.
"""

import numba
import numpy as np

_JIT = {"nogil": True, "cache": True, "fastmath": {"contract", "nsz", "arcp", "reassoc"}}


@numba.njit(**_JIT)
def add_row(y, q, shunt, row, g, r_driver, r_wire_row, work):
    """Add word line ``row``: its ladder, eliminated in closed form, joins the bit lines.

    Impedance to the left  z_0 = R_driver, z_{j+1} = R_row + z_j / (1 + z_j g_j); admittance to the
    right  a_{n-1} = 0, a_{j-1} = t / (1 + R_row t) with t = a_j + g_j. The inverse of the ladder is
    the product of a diagonal z_j / (1 + z_j (g_j + a_j)) and decays 1 / (1 + R (g_k + a_k)).
    """
    n = g.shape[0]
    right, decay, reach = work[0], work[1], work[2]
    one = right.dtype.type(1)
    acc = right.dtype.type(0)
    for j in range(n - 1, -1, -1):
        right[j] = acc
        t = acc + g[j]
        acc = t / (one + r_wire_row * t)
    z = r_driver
    transfer = one / (one + r_driver * (g[0] + right[0]))
    for j in range(n):
        total = g[j] + right[j]
        if j > 0:
            z = r_wire_row + z / (one + z * g[j - 1])
            decay[j] = one / (one + r_wire_row * total)
            transfer *= decay[j]
            d = decay[j]
            gj = g[j]
            for k in range(j):
                reach[k] *= d
                y[j, k] += gj * reach[k]
        reach[j] = g[j] * z / (one + z * total)
        source = g[j] * transfer
        q[row, j] = source
        shunt[j] += source


@numba.njit(**_JIT)
def pass_segment(y, q, rows, shunt, r, u, alpha, scale, done):
    """Pass all bit lines through series resistances ``r[k]``; y's lower triangle is kept.

    ``u`` [4, n], ``alpha`` [4], ``scale`` [4] and ``done`` [n] are scratch space.
    """
    n = shunt.shape[0]
    k = 0
    while k + 4 <= n:
        _pivot_rows(y, shunt, r, k, 4, u, alpha, scale)
        _update_triangle(y, u, alpha)
        _update_currents(q, rows, k, u, alpha, scale)
        _store_pivots(y, k, 4, u, alpha, scale, done)
        k += 4
    while k < n:
        _pivot_rows(y, shunt, r, k, 1, u, alpha, scale)
        a, s = alpha[0], scale[0]
        for i in range(n):
            if i != k:
                f = u[0, i] * a
                for j in range(i):
                    y[i, j] += f * u[0, j]
        for i in range(rows):
            f = q[i, k] * a
            last = q[i, k] * s
            for j in range(n):
                q[i, j] += f * u[0, j]
            q[i, k] = last
        _store_pivots(y, k, 1, u, alpha, scale, done)
        k += 1


@numba.njit(**_JIT)
def _pivot_rows(y, shunt, r, k, count, u, alpha, scale):
    """Gather the pivot rows k..k+count-1 and eliminate them among each other.

    On return u[b] is the row at the time of its own pivot, before scaling, with a zero at its own
    slot, so that row updates may run over all columns; shunts are already those after the block.
    """
    n = shunt.shape[0]
    one = shunt.dtype.type(1)
    for b in range(count):
        p = k + b
        for j in range(p):
            u[b, j] = y[p, j]
        u[b, p] = 0
        for j in range(p + 1, n):
            u[b, j] = y[j, p]
    for b in range(count):
        p = k + b
        for a in range(b):
            # Node k+a is already the one below its segment: its link to p was scaled.
            link = u[b, k + a]
            f = link * alpha[a]
            last = link * scale[a]
            for j in range(n):
                u[b, j] += f * u[a, j]
            u[b, k + a] = last
            u[b, p] = 0
        total = shunt[p]
        for j in range(n):
            total += u[b, j]
        pi = one + r[p] * total
        alpha[b] = r[p] / pi
        scale[b] = one / pi
        f = shunt[p] * alpha[b]
        last = shunt[p] * scale[b]
        for j in range(n):
            shunt[j] += f * u[b, j]
        shunt[p] = last


@numba.njit(**_JIT)
def _update_triangle(y, u, alpha):
    """Add the four rank-one terms to the lower triangle, two rows at a time."""
    n = u.shape[1]
    a0, a1, a2, a3 = alpha[0], alpha[1], alpha[2], alpha[3]
    u0, u1, u2, u3 = u[0], u[1], u[2], u[3]
    i = 1
    while i + 1 < n:
        f0, f1, f2, f3 = u0[i] * a0, u1[i] * a1, u2[i] * a2, u3[i] * a3
        h0, h1, h2, h3 = u0[i + 1] * a0, u1[i + 1] * a1, u2[i + 1] * a2, u3[i + 1] * a3
        top, low = y[i], y[i + 1]
        for j in range(i):
            v0, v1, v2, v3 = u0[j], u1[j], u2[j], u3[j]
            top[j] += f0 * v0 + f1 * v1 + f2 * v2 + f3 * v3
            low[j] += h0 * v0 + h1 * v1 + h2 * v2 + h3 * v3
        low[i] += h0 * u0[i] + h1 * u1[i] + h2 * u2[i] + h3 * u3[i]
        i += 2
    if i < n:
        f0, f1, f2, f3 = u0[i] * a0, u1[i] * a1, u2[i] * a2, u3[i] * a3
        last = y[i]
        for j in range(i):
            last[j] += f0 * u0[j] + f1 * u1[j] + f2 * u2[j] + f3 * u3[j]


@numba.njit(**_JIT)
def _shares(row, k, u, alpha, scale):
    """Return what a row gives to each of four pivots, and its four entries afterwards."""
    e0, e1, e2, e3 = row[k], row[k + 1], row[k + 2], row[k + 3]
    f0 = e0 * alpha[0]
    e1 += f0 * u[0, k + 1]
    e2 += f0 * u[0, k + 2]
    e3 += f0 * u[0, k + 3]
    e0 *= scale[0]
    f1 = e1 * alpha[1]
    e0 += f1 * u[1, k]
    e2 += f1 * u[1, k + 2]
    e3 += f1 * u[1, k + 3]
    e1 *= scale[1]
    f2 = e2 * alpha[2]
    e0 += f2 * u[2, k]
    e1 += f2 * u[2, k + 1]
    e3 += f2 * u[2, k + 3]
    e2 *= scale[2]
    f3 = e3 * alpha[3]
    e0 += f3 * u[3, k]
    e1 += f3 * u[3, k + 1]
    e2 += f3 * u[3, k + 2]
    e3 *= scale[3]
    return f0, f1, f2, f3, e0, e1, e2, e3


@numba.njit(**_JIT)
def _update_currents(q, rows, k, u, alpha, scale):
    """Pass the short-circuit currents through the four pivots, two rows at a time."""
    n = u.shape[1]
    u0, u1, u2, u3 = u[0], u[1], u[2], u[3]
    i = 0
    while i + 1 < rows:
        top, low = q[i], q[i + 1]
        f0, f1, f2, f3, e0, e1, e2, e3 = _shares(top, k, u, alpha, scale)
        h0, h1, h2, h3, d0, d1, d2, d3 = _shares(low, k, u, alpha, scale)
        for j in range(n):
            v0, v1, v2, v3 = u0[j], u1[j], u2[j], u3[j]
            top[j] += f0 * v0 + f1 * v1 + f2 * v2 + f3 * v3
            low[j] += h0 * v0 + h1 * v1 + h2 * v2 + h3 * v3
        top[k], top[k + 1], top[k + 2], top[k + 3] = e0, e1, e2, e3
        low[k], low[k + 1], low[k + 2], low[k + 3] = d0, d1, d2, d3
        i += 2
    if i < rows:
        last = q[i]
        f0, f1, f2, f3, e0, e1, e2, e3 = _shares(last, k, u, alpha, scale)
        for j in range(n):
            last[j] += f0 * u0[j] + f1 * u1[j] + f2 * u2[j] + f3 * u3[j]
        last[k], last[k + 1], last[k + 2], last[k + 3] = e0, e1, e2, e3


@numba.njit(**_JIT)
def _store_pivots(y, k, count, u, alpha, scale, done):
    """Write rows k..k+count-1 of y as they are after all pivots of the block."""
    n = u.shape[1]
    for b in range(count):
        for j in range(n):
            done[j] = u[b, j] * scale[b]
        for c in range(b + 1, count):
            link = done[k + c]
            f = link * alpha[c]
            for j in range(n):
                done[j] += f * u[c, j]
            done[k + c] = link * scale[c]
        p = k + b
        for j in range(p):
            y[p, j] = done[j]
        for j in range(p + 1, n):
            y[j, p] = done[j]


@numba.njit(**_JIT)
def eliminate(conductance, r_driver, r_wire_row, r_wire_col, r_sense, out):
    """Fill ``out`` [tile, row, col] with the effective conductance of every tile.

    ``r_driver`` and ``r_wire_row`` are scalars, ``r_wire_col`` and ``r_sense`` are [col].
    """
    tiles, rows, n = conductance.shape
    dtype = conductance.dtype
    y = np.empty((n, n), dtype)
    shunt = np.empty(n, dtype)
    work = np.empty((3, n), dtype)
    u = np.empty((4, n), dtype)
    alpha = np.empty(4, dtype)
    scale = np.empty(4, dtype)
    done = np.empty(n, dtype)
    for t in range(tiles):
        y[:, :] = 0
        shunt[:] = 0
        q = out[t]
        for i in range(rows):
            if i > 0:
                pass_segment(y, q, i, shunt, r_wire_col, u, alpha, scale, done)
            add_row(y, q, shunt, i, conductance[t, i], r_driver, r_wire_row, work)
        pass_segment(y, q, rows, shunt, r_sense, u, alpha, scale, done)
