"""This module is what a model must offer to be judged; a new model is one file that offers it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from xbarsim.parameters import CellParams, TopologyParams
from xbarsim.validation.circuits import TestCircuit

Array = NDArray[np.float64]
Standing = Literal["exact", "approximate", "baseline", "absent"]


@dataclass(frozen=True)
class Sample:
    """A training circuit and what ngspice says about it.

    Attributes:
        circuit: Array and inputs.
        i_col: Column currents, [batch, col]. [A]
    """

    circuit: TestCircuit
    i_col: Array


class Model(Protocol):
    """A fast model, before and after it was fitted."""

    @property
    def name(self) -> str:
        """Name that cases and records call it by."""
        ...

    @property
    def parameters(self) -> Mapping[str, float]:
        """Fitted numbers; empty for a model that has none."""
        ...

    def standing(self, topology: TopologyParams, cell: CellParams) -> Standing:
        """Return what it claims to be for such arrays: ``absent`` when it cannot speak at all."""
        ...

    def needs_training(self, cell: CellParams) -> bool:
        """Return whether ``fit`` wants training circuits."""
        ...

    def fit(self, training: Sequence[Sample]) -> Self:
        """Return the model with its parameters fitted; itself when it has none."""
        ...

    def predict(self, circuit: TestCircuit, v_row: Array) -> Array:
        """Return the column currents [batch, col]; rows of not-a-number where it does not speak. [A]

        Raises:
            SolveError: If it finds no answer; that counts against it.
        """
        ...


class Unfitted:
    """Base of the models without parameters."""

    @property
    def parameters(self) -> Mapping[str, float]:
        """No fitted numbers."""
        return {}

    def needs_training(self, cell: CellParams) -> bool:
        """Never."""
        _ = cell
        return False

    def fit(self, training: Sequence[Sample]) -> Self:
        """Return itself."""
        _ = training
        return self
