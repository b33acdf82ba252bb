"""This module is the kernel's small part: a block of pivots, eliminated among each other.

Everything that the block does to the rest of the network is linear in the pivots' rows z [BLOCK, :]
as they were before: what a row gives to the pivots is a symmetric matrix M times its links to
them, and the pivots' rows afterwards are D z. Both are sums of products of positive numbers.
"""

import numba

from xbarsim.fast.registers import add_block, copy_block, eliminate_pivots, transpose_block
from xbarsim.fast.vector import BLOCK, set_products

JIT = {"nogil": True, "cache": True, "fastmath": {"contract", "nsz", "arcp", "reassoc"}}


@numba.njit(**JIT)
def among_pivots(pivot, width, k, r, rows, own, rest):
    """Eliminate pivots k..k+BLOCK-1 of ``pivot`` [BLOCK, :], whose own slots are zero.

    Row b of ``rows`` [BLOCK, 2 BLOCK] becomes pivot b after all of them: its links to the other
    pivots, then row b of D. ``own`` [BLOCK, 2 BLOCK] receives row b of D as it was at the pivot's
    own elimination, plain and times R / pi. ``rest`` [1, BLOCK] is scratch space.
    """
    _sum_others(pivot, width, k, rows, own, rest)
    copy_block(rows, 0, 0, pivot, 0, k)
    eliminate_pivots(rows, own, rest, r, k)


@numba.njit(**JIT)
def _sum_others(pivot, width, k, sums, turned, rest):
    """Fill ``rest`` with the sums of all links that leave the block; two arrays are scratch space."""
    for b in range(BLOCK):
        rest[0, b] = pivot[b, width]
        for c in range(BLOCK):
            sums[b, c] = 0
    for j in range(0, width, BLOCK):
        if j != k:
            add_block(sums, 0, 0, pivot, 0, j)
    transpose_block(turned, 0, 0, sums, 0, 0)
    for c in range(BLOCK):
        for b in range(BLOCK):
            rest[0, b] += turned[c, b]


@numba.njit(**JIT)
def shares(pivot, width, own, square, left):
    """Fill ``left`` [BLOCK, width] with what every bit line gives to each pivot.

    ``square`` [BLOCK, BLOCK] receives M = sum over pivots of own^T (R / pi) own.
    """
    set_products(square, 0, 0, own, 0, own, BLOCK)
    for j in range(0, width, BLOCK):
        set_products(left, 0, j, square, 0, pivot, j)
