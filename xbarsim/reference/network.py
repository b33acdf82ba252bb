"""This module is the nodal solve of any circuit object: every topology, every cell with a known law.

It reads the circuit's node names and nothing else, so it checks what the builder wired.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_matrix, csc_matrix
from scipy.sparse.linalg import splu

from xbarsim.circuit import GROUND, Circuit, Resistor, check_inputs
from xbarsim.errors import SolveError
from xbarsim.reference.cells import cell_current

Array = NDArray[np.float64]
Index = NDArray[np.intp]

_STEPS = 100
_HALVINGS = 12
_STALLED = 12
_TOLERANCE = 1e-13


@dataclass(frozen=True)
class CircuitSolution:
    """Terminal currents and node voltages of a circuit, for a batch of inputs.

    Attributes:
        i_row: Current out of each row's source, zero for a floating row, [batch, row]. [A]
        i_col: Current into each column's sense resistors, [batch, col]. [A]
        voltages: Every node, [batch, node]. [V]
        nodes: Column of each node's name in ``voltages``.
        i_diff: Currents of column pairs, [batch, pair]; None where columns are single. [A]
    """

    i_row: Array
    i_col: Array
    voltages: Array
    nodes: dict[str, int]
    i_diff: Array | None = None


def solve_circuit(circuit: Circuit, v_row: ArrayLike) -> CircuitSolution:
    r"""Solve Kirchhoff's current law, $Y v + A\,i(v) = 0$, by Newton's method on sparse LU.

    Args:
        circuit: The array, of any topology and cell law but the user's own.
        v_row: Input vectors, [batch, row]; floating rows are not read. [V]

    Returns:
        Currents and voltages.

    Raises:
        ParameterError: If the inputs are not physical, or the cells' law is unknown.
        SolveError: If the matrix is singular or Newton's method does not converge.
    """
    v = check_inputs(v_row, circuit.crossbar.rows)
    network = _Network.of(circuit)
    voltages = np.stack([network.solve(row[list(circuit.driven)]) for row in v])
    a, b, y = network.ends(circuit.drivers)
    flow = y * (voltages[:, a] - voltages[:, b])
    i_row = np.zeros_like(v)
    rows = [int(driver.a.removeprefix("in_")) for driver in circuit.drivers]
    np.add.at(i_row.T, np.array(rows, dtype=np.intp), flow.T)
    a, b, y = network.ends(circuit.senses)
    sensed = y * (voltages[:, a] - voltages[:, b])
    i_col = sensed.reshape(len(v), -1, circuit.crossbar.cols).sum(axis=1)
    return CircuitSolution(
        i_row, i_col, voltages, network.number, _differences(circuit, voltages, network.number)
    )


def _differences(circuit: Circuit, voltages: Array, number: dict[str, int]) -> Array | None:
    """Return the current of every pair from the voltages at its amplifiers, [batch, pair]."""
    if not circuit.amplifiers:
        return None
    plus = voltages[:, [number[e.plus] for e in circuit.amplifiers]]
    minus = voltages[:, [number[e.minus] for e in circuit.amplifiers]]
    ends = (plus - minus) / np.array([e.ohm for e in circuit.amplifiers])
    return np.asarray(ends.reshape(len(ends), -1, circuit.crossbar.cols // 2).sum(axis=1))


@dataclass(frozen=True)
class _Network:
    """Numbered nodes: free ones first, then the inputs, then ground."""

    circuit: Circuit
    number: dict[str, int]
    n_free: int
    fixed: csc_matrix

    @classmethod
    def of(cls, circuit: Circuit) -> "_Network":
        known = [*circuit.inputs, GROUND]
        every = dict.fromkeys(
            node for r in circuit.resistors + circuit.cells for node in (r.a, r.b)
        )
        free = [node for node in every if node not in set(known)]
        number = {node: k for k, node in enumerate(free + known)}
        network = cls(circuit, number, len(free), csc_matrix((0, 0)))
        a, b, y = network.ends(circuit.drivers + circuit.wires + circuit.senses)
        return cls(circuit, number, len(free), network.stamp(a, b, y, -y))

    def ends(self, resistors: tuple[Resistor, ...]) -> tuple[Index, Index, Array]:
        """Return node numbers of both ends, and admittances."""
        a = np.array([self.number[r.a] for r in resistors], dtype=np.intp)
        b = np.array([self.number[r.b] for r in resistors], dtype=np.intp)
        return a, b, 1.0 / np.array([r.ohm for r in resistors], dtype=np.float64)

    def stamp(self, a: Index, b: Index, by_a: Array, by_b: Array) -> csc_matrix:
        """Return the matrix of branch currents a to b with the given slopes, over all nodes."""
        size = len(self.number)
        values = np.concatenate([by_a, by_b, -by_a, -by_b])
        where = (np.concatenate([a, a, b, b]), np.concatenate([a, b, a, b]))
        return coo_matrix((values, where), shape=(size, size)).tocsc()

    def solve(self, v_in: Array) -> Array:
        """Return every node's voltage under one input vector."""
        a, b, g = self.ends(self.circuit.cells)
        v = np.concatenate([np.zeros(self.n_free), v_in, [0.0]])
        residual, slopes = self._residual(v, a, b, g)
        for count in range(_STEPS):
            matrix = (self.fixed + self.stamp(a, b, *slopes))[: self.n_free, : self.n_free]
            step = self._lu_solve(matrix, residual)
            v, residual, slopes = self._damped(v, step, np.abs(residual).max(), (a, b, g))
            if np.abs(step).max() <= _TOLERANCE * max(1e-6, np.abs(v).max()):
                return v
            if count >= _STALLED and np.all(np.abs(residual) <= self._rounding(v)):
                return v
        last = np.abs(step).max()
        msg = f"Newton's method did not converge in {_STEPS} steps (last step {last:.1e} V)"
        raise SolveError(msg)

    def _rounding(self, v: Array) -> Array:
        """Return what Kirchhoff's sums may be off by: with 1 mΩ in them no solve is better."""
        return np.asarray(4 * np.finfo(float).eps * (abs(self.fixed) @ np.abs(v))[: self.n_free])

    def _damped(
        self, v: Array, step: Array, before: float, cells: tuple[Index, Index, Array]
    ) -> tuple[Array, Array, tuple[Array, Array]]:
        """Take the Newton step, halved until the worst node's current error falls."""
        scale = 1.0
        for _ in range(_HALVINGS):
            trial = v.copy()
            trial[: self.n_free] -= scale * step
            residual, slopes = self._residual(trial, *cells)
            if np.abs(residual).max() <= max(before, 1e-18) or scale * np.abs(step).max() < 1e-9:
                break
            scale /= 2
        return trial, residual, slopes

    def _residual(
        self, v: Array, a: Index, b: Index, g: Array
    ) -> tuple[Array, tuple[Array, Array]]:
        """Return the current that leaves each free node, and the cells' slopes."""
        current, by_a, by_b = cell_current(self.circuit.cell, g, v[a], v[b])
        leaving = self.fixed @ v
        np.add.at(leaving, a, current)
        np.add.at(leaving, b, -current)
        return leaving[: self.n_free], (by_a, by_b)

    @staticmethod
    def _lu_solve(matrix: csc_matrix, right: Array) -> Array:
        try:
            return np.asarray(splu(matrix, permc_spec="MMD_AT_PLUS_A").solve(right))
        except RuntimeError as error:
            msg = f"the nodal matrix is singular ({error}): has every node a path to ground?"
            raise SolveError(msg) from error
