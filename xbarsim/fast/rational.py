"""This module is the fit of a rational function of spikes, by linear least squares.

Multiplied by its denominator, I_j = (s @ A)_j / (1 + (s @ B)_j) is linear in A and B:

    I_j = s @ A_j - I_j (s @ B_j).

With S the patterns and y = I_j, each column's normal equations are made of the blocks S'S,
S'diag(y)S and S'diag(y^2)S. The first is shared by all columns; the others are, for all columns at
once, products of the currents with the pairwise products of the patterns' rows.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_RIDGE = 1e-9
_NUMBERS_AT_A_TIME = 2**22


def fit_rational(spikes: Array, i_col: Array) -> tuple[Array, Array]:
    """Return A [row, col] in the unit of ``i_col`` and B [row, col].

    Args:
        spikes: Patterns of zeros and ones, [pattern, row].
        i_col: Currents of each, [pattern, col]; columns may belong to several arrays.
    """
    rows = spikes.shape[1]
    scale = np.maximum(i_col.max(axis=0), np.finfo(np.float64).tiny)
    y = i_col / scale
    # Far below the patterns' own weight; it only settles rows that do not conduct.
    ridge = _RIDGE * len(spikes) * np.eye(rows)
    root_inverse = np.linalg.inv(np.linalg.cholesky(spikes.T @ spikes + ridge))
    once, twice = _weighted(spikes, y), _weighted(spikes, y**2)
    half = root_inverse @ once
    right = root_inverse @ (spikes.T @ y)
    schur = twice + ridge - half.transpose(0, 2, 1) @ half
    pull = np.einsum("jab,aj->jb", half, right) - ((y**2).T @ spikes)
    load = np.linalg.solve(schur, pull[..., None])[..., 0]
    gain = root_inverse.T @ (right + np.einsum("jab,jb->aj", half, load))
    return gain * scale, load.T


def _weighted(spikes: Array, y: Array) -> Array:
    """Return S'diag(y_j)S for every column, [col, row, row]."""
    rows = spikes.shape[1]
    full = np.empty((y.shape[1], rows, rows))
    pairs = np.stack(np.triu_indices(rows))
    at_a_time = max(1, _NUMBERS_AT_A_TIME // len(spikes))
    for k in range(0, pairs.shape[1], at_a_time):
        a, b = pairs[:, k : k + at_a_time]
        packed = y.T @ (spikes[:, a] * spikes[:, b])
        full[:, a, b] = packed
        full[:, b, a] = packed
    return full
