"""This module is distrust of ngspice: a run's circuits, drawn by content, solved once more."""

import hashlib
import threading
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from xbarsim.circuit import build_circuit
from xbarsim.errors import ParameterError, SolveError
from xbarsim.parameters import (
    CellParams,
    CrossbarParams,
    LinearCell,
    SubcircuitCell,
    TopologyParams,
)
from xbarsim.reference.network import solve_circuit

Array = NDArray[np.float64]

_VECTORS = 4
_LINEAR, _NONLINEAR = 1e-9, 1e-5


@dataclass
class Distrust:
    """Asks the nodal solve, which shares no code with ngspice, about a share of a run's circuits.

    Whether a circuit is drawn depends on its content and the seed only, so the sample is the same in
    every order of a run; the first circuit is always looked at.

    Attributes:
        share: Share of the circuits, above 0 and at most 1.
        seed: Seed of the draw.
        checked: Circuits that were solved again so far.
    """

    share: float
    seed: int = 0
    checked: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            msg = (
                f"paranoid is {self.share}; give the share of circuits to solve again, above 0 and "
                "at most 1"
            )
            raise ParameterError(msg)

    def look(
        self,
        where: str,
        conductance: Array,
        v_row: Array,
        i_col: Array,
        crossbar: CrossbarParams,
        topology: TopologyParams,
        cell: CellParams,
    ) -> None:
        """Solve a circuit again if it is drawn, under its first vectors.

        Args:
            where: What to call the circuit in an error.
            conductance: Cells, [row, col]. [S]
            v_row: Input vectors, [batch, row]. [V]
            i_col: ngspice's column currents, [batch, col]. [A]
            crossbar: Geometry and resistances. [Ω]
            topology: Ends, silent rows, leads.
            cell: Law of the cells.

        Raises:
            ParameterError: If the cells are the user's own sub-circuit, whose law only ngspice knows.
            SolveError: If the currents differ by more than 1e-9 of the largest (1e-5 where cells are
                not linear).
        """
        if isinstance(cell, SubcircuitCell):
            msg = (
                "paranoid solves circuits again, but only ngspice knows the law of the sub-circuit "
                f"{cell.subckt!r}; leave --paranoid out"
            )
            raise ParameterError(msg)
        with self._lock:
            if self.checked and not self._drawn(conductance, v_row):
                return
            self.checked += 1
        v, found = v_row[:_VECTORS], i_col[:_VECTORS]
        expected = oracle_currents(conductance, v, crossbar, topology, cell)
        scale = float(np.abs(expected).max()) or 1.0
        error = float(np.abs(found - expected).max()) / scale
        allowed = _LINEAR if isinstance(cell, LinearCell) else _NONLINEAR
        if not error <= allowed:
            msg = (
                f"{where}: ngspice and the nodal solve differ by {error:.1e} of the largest current, "
                f"allowed {allowed:.0e}; do not use this result, and report it with the versions "
                "that `xbarsim doctor` prints"
            )
            raise SolveError(msg)

    def _drawn(self, conductance: Array, v_row: Array) -> bool:
        content = np.ascontiguousarray(conductance).tobytes() + v_row.tobytes()
        digest = hashlib.sha256(self.seed.to_bytes(8, "big") + content).digest()
        return int.from_bytes(digest[:8], "big") < self.share * 2**64


def oracle_currents(
    conductance: Array,
    v_row: Array,
    crossbar: CrossbarParams,
    topology: TopologyParams,
    cell: CellParams,
) -> Array:
    """Return column currents [batch, col] by the nodal solve; rows without a voltage are silent."""
    masks = v_row != 0 if topology.silent != "grounded" else np.ones_like(v_row, np.bool_)
    found = np.zeros((len(v_row), crossbar.cols))
    for mask in np.unique(masks, axis=0):
        if not mask.any():
            continue
        circuit = build_circuit(conductance, crossbar, topology=topology, cell=cell, active=mask)
        chosen = (masks == mask).all(axis=1)
        found[chosen] = solve_circuit(circuit, v_row[chosen]).i_col
    return found
