"""This module is what a reference run leaves behind: currents, and where they came from."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Provenance:
    """Where reference currents came from.

    Attributes:
        solver: Name and version of the simulator, and its matrix solver.
        method: Analysis that was run.
        options: Simulator options, as written in the deck.
        deck_sha256: Hash of the deck's text.
        seconds: Wall time of the run. [s]
    """

    solver: str
    method: str
    options: tuple[str, ...] = ()
    deck_sha256: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class ReferenceCurrents:
    """Column currents of one array under a batch of input vectors.

    Attributes:
        i_col: Current into each sense resistor, [batch, col]. [A]
        i_row: Current out of each driver, [batch, row]. [A]
        v_row: Input vectors, [batch, row]. [V]
        provenance: Solver, options, deck hash.
        i_diff: Currents of column pairs, [batch, pair]; None where columns are single. [A]
    """

    i_col: NDArray[np.float64]
    i_row: NDArray[np.float64]
    v_row: NDArray[np.float64]
    provenance: Provenance = field(repr=False)
    i_diff: NDArray[np.float64] | None = None

    @property
    def conservation(self) -> float:
        """Largest |sum of driver currents - sum of sense currents| / sum of |driver currents|."""
        gap = np.abs(self.i_row.sum(axis=1) - self.i_col.sum(axis=1))
        scale = np.maximum(np.abs(self.i_row).sum(axis=1), np.finfo(float).tiny)
        return float((gap / scale).max())
