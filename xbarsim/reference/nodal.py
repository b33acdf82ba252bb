"""This module is the second oracle: Kirchhoff's laws on the whole array, solved by sparse LU.

It shares nothing with the fast models but the parameters: every node is an unknown, every resistor
an entry. Nodes joined by a zero resistance are one unknown, so zero is exact.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import splu

from xbarsim.circuit import check_conductance, check_inputs
from xbarsim.errors import SolveError
from xbarsim.parameters import CrossbarParams

Array = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True)
class NodalSolution:
    """Every voltage and current of an array, for a batch of inputs.

    Attributes:
        v_word: Word-line node voltages, [batch, row, col]. [V]
        v_bit: Bit-line node voltages, [batch, row, col]. [V]
        i_cell: Current through each cell, [batch, row, col]. [A]
        i_col: Current into each sense resistor, [batch, col]. [A]
    """

    v_word: Array
    v_bit: Array
    i_cell: Array
    i_col: Array


def solve_nodal(
    conductance: ArrayLike,
    v_row: ArrayLike,
    crossbar: CrossbarParams,
    *,
    floating: ArrayLike | None = None,
) -> NodalSolution:
    r"""Solve $Y v = i$ for all node voltages by one sparse LU factorisation.

    Args:
        conductance: Cell conductances, [row, col]. [S]
        v_row: Input vectors, [batch, row]. [V]
        crossbar: Geometry and resistances. [Ω]
        floating: True for rows without a driver, [row].

    Returns:
        Node voltages, cell currents and column currents.

    Raises:
        ParameterError: If shapes or values are not physical.
        SolveError: If the matrix is singular to working precision.
    """
    g = check_conductance(conductance, crossbar)
    v = check_inputs(v_row, crossbar.rows)
    # A floating row without a conducting cell is at no voltage at all; driving it changes nothing.
    alone = np.zeros(crossbar.rows, np.bool_) if floating is None else np.asarray(floating)
    voltages = _node_voltages(g, v, crossbar, alone & (g > 0).any(axis=1))
    v_word, v_bit = voltages[:, 0], voltages[:, 1]
    i_cell = g * (v_word - v_bit)
    return NodalSolution(v_word, v_bit, i_cell, i_cell.sum(axis=1))


def nodal_effective_conductance(
    conductance: ArrayLike, crossbar: CrossbarParams, *, floating: ArrayLike | None = None
) -> Array:
    """Return g_eff [row, col] in S: one factorisation, one right-hand side per word line.

    Rows that are ``floating`` [row] have no driver and give zero.
    """
    return solve_nodal(conductance, np.eye(crossbar.rows), crossbar, floating=floating).i_col


def _node_voltages(
    g: Array, v: Array, crossbar: CrossbarParams, floating: NDArray[np.bool_]
) -> Array:
    """Return all node voltages as [batch, layer (word, bit), row, col]."""
    rows, cols = crossbar.shape
    number, n_free = _merge_nodes(crossbar, floating)
    source, ground = n_free + np.arange(rows), n_free + rows
    a, b, y = _branches(g, crossbar, number, source[~floating], ground)
    fixed = ground + 1
    full = coo_matrix(
        (np.r_[y, y, -y, -y], (np.r_[a, b, a, b], np.r_[a, b, b, a])), shape=(fixed, fixed)
    ).tocsc()
    known = np.concatenate([v, np.zeros((len(v), 1))], axis=1)
    free = np.zeros((len(v), 0))
    if n_free > 0:
        right = -(full[:n_free, n_free:] @ known.T)
        try:
            free = splu(full[:n_free, :n_free], permc_spec="MMD_AT_PLUS_A").solve(right).T
        except RuntimeError as error:
            msg = f"the nodal matrix of the {rows}x{cols} array is singular ({error})"
            raise SolveError(msg) from error
    return np.concatenate([free, known], axis=1)[:, number.ravel()].reshape(len(v), 2, rows, cols)


def _merge_nodes(crossbar: CrossbarParams, floating: NDArray[np.bool_]) -> tuple[Index, int]:
    """Number the nodes [layer, row, col]: free ones first, then the inputs, then ground.

    Returns the numbers and how many nodes are free.
    """
    rows, cols = crossbar.shape
    r_driver, r_row, r_col, r_sense = crossbar.resistances
    i, j = np.indices((rows, cols))
    word_key = i * cols + (j if r_row > 0 else 0 * j)
    bit_key = rows * cols + (i if r_col > 0 else 0 * i) * cols + j
    key = np.stack([word_key, bit_key])
    fixed_word = (j == 0) if r_row > 0 else np.full_like(j, 1, dtype=bool)
    fixed_bit = (i == rows - 1) if r_col > 0 else np.full_like(i, 1, dtype=bool)
    is_input = fixed_word & (r_driver == 0) & ~floating[:, None]
    is_ground = fixed_bit & (r_sense == 0)
    free = ~np.stack([is_input, is_ground])
    _, inverse = np.unique(key[free], return_inverse=True)
    number = np.empty(key.shape, dtype=np.intp)
    number[free] = inverse
    n_free = int(inverse.max()) + 1 if inverse.size else 0
    number[0][is_input] = n_free + i[is_input]
    number[1][is_ground] = n_free + rows
    return number, n_free


def _branches(
    g: Array, crossbar: CrossbarParams, number: Index, source: Index, ground: int
) -> tuple[Index, Index, Array]:
    """List all branches as (node a, node b, admittance); merged ones are left out."""
    r_driver, r_row, r_col, r_sense = crossbar.resistances
    word, bit = number
    groups = [(word, bit, g)]
    if r_row > 0:
        groups.append((word[:, :-1], word[:, 1:], np.full(word[:, 1:].shape, 1 / r_row)))
    if r_col > 0:
        groups.append((bit[:-1], bit[1:], np.full(bit[1:].shape, 1 / r_col)))
    if r_driver > 0:
        driven = word[source - (ground - crossbar.rows), 0]
        groups.append((source, driven, np.full(len(source), 1 / r_driver)))
    if r_sense > 0:
        groups.append((bit[-1], np.full(len(bit[-1]), ground), np.full(len(bit[-1]), 1 / r_sense)))
    a, b, y = (np.concatenate([np.ravel(group[k]) for group in groups]) for k in range(3))
    return a.astype(np.intp), b.astype(np.intp), y
