"""This module is the exact model for large arrays: conjugate gradients between two sets of lines.

With the bit lines' currents f for word lines alone, the bit-line voltages b solve S b = f,
S = A_b - G A_w^-1 G: A_w and A_b are the ladders of word and bit lines, one tridiagonal solve a line
(``sweeps``). Preconditioned by A_b^-1, S is the identity less a sneak-path operator that is close to
rank one, so that few steps suffice: 5 at 64x64, 28 at 1024x1024 with the resistances of
``bhattacharjee2022`` and uniform conductances, for 1e-8. As every search direction comes out of
A_b^-1, products with A_b follow by recurrence, and no resistance is divided by.

Assumptions: linear cells; rows driven or floating, any ends and segments. Cost: some 30 rows cols
operations a step and input; memory: 8 rows cols numbers a core. Measured: a residual of 9e-9 of the
currents for the 1e-8 that is asked for at 1024x1024 (``validation/benchmarks/scaling.json``). Source:
conjugate gradients of Hestenes and Stiefel, DOI 10.6028/jres.049.044; the splitting is this package's.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from xbarsim.errors import SolveError
from xbarsim.fast.lines import Lines
from xbarsim.fast.pivots import JIT
from xbarsim.fast.sweeps import bit_decays, dot, solve_bits, solve_words, word_decays
from xbarsim.fast.tiles import cores

Array = NDArray[np.float64]
MOST_STEPS = 1000


@dataclass(frozen=True)
class LineSolver:
    """The lines of one array, each solved alone.

    Attributes:
        g: Cell conductances, [row, col]. [S]
        words: Segments [row, col - 1], conductances of far and resistances of near ends, decays.
        bits: The same of bit lines.
    """

    g: Array
    words: tuple[Array, Array, Array, Array]
    bits: tuple[Array, Array, Array, Array]

    @classmethod
    def of(cls, g: Array, lines: Lines, floating: NDArray[np.bool_] | None = None) -> "LineSolver":
        """Return the solver of lines that have no zeros where they have two ends."""
        rows, cols = g.shape
        driven = np.ones(rows, np.bool_) if floating is None else ~floating
        row = np.ascontiguousarray(np.broadcast_to(lines.row, (rows, cols - 1)), np.float64)
        col = np.ascontiguousarray(np.broadcast_to(lines.col, (rows - 1, cols)), np.float64)
        right, top = (0.0 if end is None else 1 / end for end in (lines.right, lines.top))
        words = (row, np.where(driven, right, 0.0), np.where(driven, lines.left, np.inf))
        bits = (col, np.full(cols, top), np.full(cols, float(lines.bottom)))
        decays = np.empty_like(g), np.empty_like(g)
        word_decays(g, *words, decays[0])
        bit_decays(g, *bits, decays[1])
        return cls(g, (*words, decays[0]), (*bits, decays[1]))

    def voltages(self, v_row: Array, tolerance: float) -> tuple[Array, Array, int, float]:
        """Return word- and bit-line voltages [row, col] of one input [row], steps and residual."""
        word, bit = np.empty_like(self.g), np.empty_like(self.g)
        steps, residual = _gradients(
            self.g, self.words, self.bits, v_row, tolerance, MOST_STEPS, word, bit
        )
        return word, bit, steps, residual


def solve_large(
    g: Array,
    lines: Lines,
    v_row: Array,
    tolerance: float,
    floating: NDArray[np.bool_] | None = None,
) -> tuple[Array, Array, float]:
    """Return word- and bit-line voltages [batch, row, col] of inputs [batch, row], and the residual.

    The residual is the worst over the inputs of |f - S b| / |f|, with |f|^2 = f^T A_b^-1 f: the
    currents that are left over at bit-line nodes, weighted by what they would do there.

    Raises:
        SolveError: If ``tolerance`` is not reached in ``MOST_STEPS`` steps.
    """
    lines = lines.floored(float(g.max(initial=0.0)))
    solver = LineSolver.of(np.ascontiguousarray(g), lines, floating)
    word, bit = (np.empty((len(v_row), *g.shape)) for _ in range(2))

    def run(k: int) -> float:
        word[k], bit[k], steps, residual = solver.voltages(v_row[k], tolerance)
        if residual > tolerance:
            msg = (
                f"input {k} of the {lines.rows}x{lines.cols} array has a residual of {residual:.1e} "
                f"after {steps} steps, more than {tolerance:.1e}; use a larger tolerance or "
                "method='direct'"
            )
            raise SolveError(msg)
        return residual

    with ThreadPoolExecutor(max_workers=cores()) as pool:
        residuals = list(pool.map(run, range(len(v_row))))
    return word, bit, max(residuals)


def iterate_conductance(
    g: Array, lines: Lines, tolerance: float, floating: NDArray[np.bool_] | None = None
) -> Array:
    """Return the effective conductance [row, col] of one array, input after input.

    An array with fewer columns than rows is turned, so that its outputs take the inputs' place.

    Raises:
        SolveError: If ``tolerance`` is not reached in ``MOST_STEPS`` steps.
    """
    if lines.cols < lines.rows and floating is None:
        turned = iterate_conductance(g[::-1, ::-1].T, lines.turned(), tolerance)
        return turned[::-1, ::-1].T
    result = np.empty(g.shape)
    at_a_time = max(cores(), 2**24 // g.size)
    for start in range(0, lines.rows, at_a_time):
        part = slice(start, min(start + at_a_time, lines.rows))
        inputs = np.eye(lines.rows)[part]
        if floating is not None:
            inputs = inputs * ~floating
        word, bit, _ = solve_large(g, lines, inputs, tolerance, floating)
        result[part] = (g * (word - bit)).sum(axis=1)
    return result


@numba.njit(**JIT)
def _gradients(g, words, bits, v_row, tolerance, most, word, bit):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
    """Run conjugate gradients for one input; return steps and residual."""
    rw, fw, nw, dw = words
    rb, fb, nb, db = bits
    no_row, no_col = np.zeros(g.shape[0]), np.zeros(g.shape[1])
    bit[:] = 0
    solve_words(g, bit, rw, fw, nw, dw, v_row, word)
    left = g * word
    step = np.empty_like(g)
    solve_bits(left, rb, fb, nb, db, no_col, step)
    ahead, weighted = step.copy(), left.copy()
    product = first = dot(left, step)
    steps = 0
    while product > first * tolerance**2 and steps < most:
        steps += 1
        solve_words(g, ahead, rw, fw, nw, dw, no_row, word)
        for i in range(g.shape[0]):
            for j in range(g.shape[1]):
                word[i, j] = weighted[i, j] - g[i, j] * word[i, j]
        alpha = product / dot(ahead, word)
        for i in range(g.shape[0]):
            for j in range(g.shape[1]):
                bit[i, j] += alpha * ahead[i, j]
                left[i, j] -= alpha * word[i, j]
        solve_bits(left, rb, fb, nb, db, no_col, step)
        before, product = product, dot(left, step)
        for i in range(g.shape[0]):
            for j in range(g.shape[1]):
                ahead[i, j] = step[i, j] + product / before * ahead[i, j]
                weighted[i, j] = left[i, j] + product / before * weighted[i, j]
    solve_words(g, bit, rw, fw, nw, dw, v_row, word)
    return steps, np.sqrt(product / first) if first > 0 else 0.0
