"""This module is the kernel's small part: a block of pivots, eliminated among each other.

Everything that the block does to the rest of the network is linear in the pivots' rows z [BLOCK, :]
as they were before: what a row gives to the pivots is a symmetric matrix M times its links to
them, and the pivots' rows afterwards are D z. Both are sums of products of positive numbers.
"""

import numba
import numpy as np

from xbarsim.fast.vector import BLOCK, GROUP, eliminate_pivot, set_products

JIT = {"nogil": True, "cache": True, "fastmath": {"contract", "nsz", "arcp", "reassoc"}}


@numba.njit(**JIT)
def among_pivots(pivot, width, k, r, rows, own, rest):
    """Eliminate pivots k..k+BLOCK-1 of ``pivot`` [BLOCK, :], whose own slots are zero.

    Row b of ``rows`` [BLOCK, 2 BLOCK] becomes pivot b after all of them: its links to the other
    pivots, then row b of D. ``own`` [BLOCK, 2 BLOCK] receives row b of D as it was at the pivot's
    own elimination, plain and times R / pi. ``rest`` [BLOCK] is scratch space.
    """
    one = pivot.dtype.type(1)
    _split(pivot, width, k, rows, rest)
    for p in range(BLOCK):
        total = rest[p]
        for c in range(BLOCK):
            total += rows[p, c]
        if r[k + p] == np.inf:
            scale = pivot.dtype.type(0)
            alpha = one / total if total > 0 else scale
        else:
            scale = one / (one + r[k + p] * total)
            alpha = r[k + p] * scale
        for c in range(BLOCK):
            own[p, c] = rows[p, BLOCK + c]
            own[p, BLOCK + c] = alpha * rows[p, BLOCK + c]
        for b in range(BLOCK):
            if b > p:
                rest[b] += rows[b, p] * alpha * rest[p]
            if b != p:
                eliminate_pivot(rows, b, p, alpha, scale)
        for c in range(2 * BLOCK):
            rows[p, c] *= scale


@numba.njit(**JIT)
def _split(pivot, width, k, rows, rest):
    """Copy the links among the pivots into ``rows``, and sum all others into ``rest``."""
    for b in range(BLOCK):
        acc = pivot[b, width]
        for j in range(k):
            acc += pivot[b, j]
        for j in range(k + BLOCK, width):
            acc += pivot[b, j]
        rest[b] = acc
        for c in range(BLOCK):
            rows[b, c] = pivot[b, k + c]
            rows[b, BLOCK + c] = 0
        rows[b, BLOCK + b] = 1


@numba.njit(**JIT)
def shares(pivot, width, own, square, left):
    """Fill ``left`` [BLOCK, width] with what every bit line gives to each pivot.

    ``square`` [BLOCK, BLOCK] receives M = sum over pivots of own^T (R / pi) own.
    """
    for b in range(0, BLOCK, GROUP):
        set_products(square, b, 0, own, b, own, BLOCK)
    for b in range(0, BLOCK, GROUP):
        for j in range(0, width, BLOCK):
            set_products(left, b, j, square, b, pivot, j)
