"""This module is the assignment of many items to few kinds of places, at least total cost."""

from typing import no_type_check

import numba
import numpy as np
from numpy.typing import NDArray

from xbarsim.errors import ParameterError

_JIT = {"nogil": True, "cache": True, "error_model": "numpy"}


def assign_to_kinds(cost: NDArray[np.float64], places: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the kind of place of every item, so that the sum of costs is the least there is.

    Items first take the kind that is cheapest for them; then one after the other leaves a kind that
    is too full, along the cheapest chain of moves that ends where places are free. Every chain is a
    shortest path, so what is left is optimal (successive shortest paths, doi:10.1145/321694.321699).
    Places of one kind are alike, so this takes a small part of the time that an assignment of items
    to single places takes.

    Args:
        cost: Cost of an item at a kind of place, [item, kind].
        places: How many places there are of each kind, as many in all as there are items.

    Raises:
        ParameterError: If there are not as many places as items, or a cost is not finite.
    """
    if places.sum() != len(cost) or places.min() < 0:
        msg = f"{len(cost)} items cannot be assigned to {places.sum()} places; have as many of both"
        raise ParameterError(msg)
    if not np.isfinite(cost).all():
        msg = "a cost of an assignment is not finite; look for weights that are not"
        raise ParameterError(msg)
    kind: NDArray[np.int64] = cost.argmin(axis=1)
    _level(np.ascontiguousarray(cost), places, kind)
    return kind


@numba.njit(**_JIT)
@no_type_check
def _level(cost, places, kind):
    """Move items between kinds, in place, until every kind has as many as it has places."""
    kinds = cost.shape[1]
    count = np.zeros(kinds, np.int64)
    for i in range(len(cost)):
        count[kind[i]] += 1
    step, mover = np.empty((kinds, kinds)), np.empty((kinds, kinds), np.int64)
    for a in range(kinds):
        _look_for_moves(cost, kind, a, step[a], mover[a])
    price = np.zeros(kinds)
    before = np.empty(kinds, np.int64)
    while True:
        end = _shortest(step, count, places, price, before)
        if end < 0:
            return
        b = end
        while before[b] >= 0:
            kind[mover[before[b], b]] = b
            b = before[b]
        count[end] += 1
        count[b] -= 1
        b = end
        while b >= 0:
            _look_for_moves(cost, kind, b, step[b], mover[b])
            b = before[b]


@numba.njit(**_JIT)
@no_type_check
def _look_for_moves(cost, kind, a, step, mover):
    """Find the item whose move from kind ``a`` to each other kind costs least."""
    step[:] = np.inf
    mover[:] = -1
    for i in range(len(cost)):
        if kind[i] == a:
            for b in range(len(step)):
                extra = cost[i, b] - cost[i, a]
                if extra < step[b]:
                    step[b], mover[b] = extra, i


@numba.njit(**_JIT)
@no_type_check
def _shortest(step, count, places, price, before):
    """Return the nearest kind with free places, from any that is too full, or -1 if none is.

    Dijkstra's search on reduced costs; ``price`` and ``before`` are brought up to date.
    """
    kinds = len(price)
    far = np.full(kinds, np.inf)
    done = np.zeros(kinds, np.bool_)
    before[:] = -1
    far[count > places] = 0.0
    while True:
        a = -1
        for k in range(kinds):
            if not done[k] and far[k] < np.inf and (a < 0 or far[k] < far[a]):
                a = k
        if a < 0:
            return -1
        if count[a] < places[a]:
            break
        done[a] = True
        for b in range(kinds):
            # Rounding may leave a reduced cost a little below zero, which could close a circle.
            way = far[a] + max(step[a, b] + price[a] - price[b], 0.0)
            if not done[b] and way < far[b]:
                far[b], before[b] = way, a
    for k in range(kinds):
        price[k] += min(far[k], far[a])
    return a
