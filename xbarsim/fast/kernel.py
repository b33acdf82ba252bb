"""This module is the compiled kernel of the exact model: star-mesh elimination, row by row.

The array is eliminated from the first word line down. What lies above the current row is a network
seen from the ``cols`` bit lines: mutual conductances ``y[j, k] >= 0`` between bit lines, and the
short-circuit currents ``q[i, j]`` per volt at input i. As every source is an input, the conductance
from bit line j to the (grounded) sources is the column sum of q, called its shunt.

Passing a bit-line segment of resistance R replaces node k by the node below it. With
pi = 1 + R (shunt_k + sum_j y_kj), star-mesh elimination of the old node gives

    y_ij += y_ik y_kj R / pi,   y_kj /= pi,   q_ij += q_ik y_kj R / pi,   q_ik /= pi.

Only sums and products of positive numbers occur, so every entry keeps its relative accuracy, in
float32 too, and R = 0 needs no special case; R = inf is an end that is not there. Bit lines that are
sensed above row 0 too start with a shunt. BLOCK pivots are taken at a time: they are worked out
among each other (``pivots``), then all other rows follow by one product of matrices (``vector``).

One array ``z`` [bit line, :] holds it all: columns 0..width-1 are y (its lower triangle), column
``width`` is the shunt, the others are q transposed. Bit lines are padded to a multiple of BLOCK.

Numba's cache looks at the date of this file only: after a change to ``ladder``, ``pivots``,
``registers`` or ``vector``, touch it.
"""

import numba
import numpy as np

from xbarsim.fast.ladder import add_floating_row, add_row
from xbarsim.fast.pivots import JIT, among_pivots, shares
from xbarsim.fast.registers import copy_block, transpose_block
from xbarsim.fast.vector import (
    BLOCK,
    add_products,
    add_products_double,
    add_products_triple,
    set_products,
)


@numba.njit(**JIT)
def pass_segment(z, width, active, r, pivot, left):
    """Pass all bit lines through series resistances ``r`` [width]; the first ``active`` columns count.

    ``pivot`` [BLOCK, active] and ``left`` [BLOCK, width] are scratch space.
    """
    rows = np.empty((BLOCK, 2 * BLOCK), z.dtype)
    own = np.empty((BLOCK, 2 * BLOCK), z.dtype)
    square = np.empty((BLOCK, BLOCK), z.dtype)
    after = np.empty((BLOCK, BLOCK), z.dtype)
    rest = np.empty((1, BLOCK), z.dtype)
    for k in range(0, width, BLOCK):
        _gather(z, width, active, k, pivot)
        among_pivots(pivot, width, k, r, rows, own, rest)
        shares(pivot, width, own, square, left)
        _update(z, width, active, k, left, pivot)
        _store_pivots(z, width, active, k, pivot, after, rows)


@numba.njit(**JIT)
def _gather(z, width, active, k, pivot):
    """Copy the pivots' rows, whole, from the triangle; their own slots are zero."""
    for j in range(0, k, BLOCK):
        copy_block(pivot, 0, j, z, k, j)
    for b in range(BLOCK):
        pivot[b, k + b] = 0
        for c in range(b):
            pivot[b, k + c] = z[k + b, k + c]
            pivot[c, k + b] = z[k + b, k + c]
    for j in range(k + BLOCK, width, BLOCK):
        transpose_block(pivot, 0, j, z, j, k)
    for j in range(width, active, BLOCK):
        copy_block(pivot, 0, j, z, k, j)


@numba.njit(**JIT)
def _update(z, width, active, k, left, pivot):
    """Add to all rows but the pivots' what flows through the pivots."""
    for i in range(0, width, BLOCK):
        if i != k:
            _update_rows(z, i, 0, i + BLOCK, left, pivot)
            _update_rows(z, i, width, active, left, pivot)


@numba.njit(**JIT)
def _update_rows(z, i, start, stop, left, pivot):
    """Update columns start..stop-1, a multiple of BLOCK, of BLOCK rows.

    In single precision three blocks at a time are fastest, and one alone is slowest.
    """
    if z.itemsize == 4:
        while start < stop:
            blocks = (stop - start) // BLOCK
            if blocks == 1:
                add_products(z, i, start, left, i, pivot, start)
                start += BLOCK
            elif blocks in (2, 4):
                add_products_double(z, i, start, left, i, pivot, start)
                start += 2 * BLOCK
            else:
                add_products_triple(z, i, start, left, i, pivot, start)
                start += 3 * BLOCK
    else:
        for j in range(start, stop, BLOCK):
            add_products(z, i, j, left, i, pivot, j)


@numba.njit(**JIT)
def _store_pivots(z, width, active, k, pivot, after, rows):
    """Write the pivots' rows, after all pivots, into the triangle."""
    transpose_block(after, 0, 0, rows, 0, BLOCK)
    for j in range(0, k, BLOCK):
        set_products(z, k, j, after, 0, pivot, j)
    for j in range(width, active, BLOCK):
        set_products(z, k, j, after, 0, pivot, j)
    for b in range(BLOCK):
        for c in range(b):
            z[k + b, k + c] = rows[b, c]
    for j in range(k + BLOCK, width, BLOCK):
        set_products(z, j, k, pivot, j, after, 0)


@numba.njit(**JIT)
def eliminate(conductance, floating, open_end, left, right, along_row, along_col, top, bottom, out):
    """Fill ``out`` [tile, row, col] with what reaches the lower ends of the bit lines.

    ``floating`` [tile, row] says which word lines have no driver, ``open_end`` [tile, col] which
    bit lines have no sense resistor. ``left`` and ``bottom`` are resistances of ends, ``right`` and
    ``top`` conductances of the ends opposite, zero without; ``along_row`` [row, col - 1] and
    ``along_col`` [row - 1, col] are segments.
    """
    tiles, rows, n = conductance.shape
    dtype = conductance.dtype
    width = -(-n // BLOCK) * BLOCK
    most = width + -(-(rows + 1) // BLOCK) * BLOCK
    # The odd stride keeps the rows of a block out of each other's cache lines.
    z = np.empty((width, most + BLOCK), dtype)
    pivot = np.empty((BLOCK, most), dtype)
    left_scratch = np.empty((BLOCK, width), dtype)
    work = np.empty((3, n), dtype)
    r = np.zeros(width, dtype)
    last = np.zeros(width, dtype)
    for t in range(tiles):
        z[:, :] = 0
        for j in range(n):
            last[j] = np.inf if open_end[t, j] else bottom
            z[j, width] = 0 if open_end[t, j] else top
        for i in range(rows):
            if i > 0:
                active = width + -(-(i + 1) // BLOCK) * BLOCK
                r[:n] = along_col[i - 1]
                pass_segment(z, width, active, r, pivot, left_scratch)
            if floating[t, i]:
                add_floating_row(z, conductance[t, i], along_row[i], work)
            else:
                add_row(z, width, i, conductance[t, i], left, along_row[i], right, work)
        pass_segment(z, width, most, last, pivot, left_scratch)
        for i in range(rows):
            for j in range(n):
                out[t, i, j] = z[j, width + 1 + i]
