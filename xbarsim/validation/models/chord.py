r"""This module is the chord model: nonlinear cells as linear ones, all scaled by one fitted factor.

$I = V\,G_{eff}(\kappa G)$: still one matrix, so that networks run with it as with the exact model.
$\kappa$ minimises the squared error on the training circuits, each scaled by its largest current.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xbarsim.errors import ParameterError
from xbarsim.parameters import CellParams, LinearCell, TopologyParams
from xbarsim.validation.circuits import TestCircuit
from xbarsim.validation.models.exact import linear_currents
from xbarsim.validation.models.protocol import Array, Sample, Standing

_LARGEST = 10.0


@dataclass(frozen=True)
class Chord:
    """Linear cells of conductance ``scale`` times the nonlinear ones' at 0 V."""

    scale: float = 1.0
    name: str = "chord"

    @property
    def parameters(self) -> Mapping[str, float]:
        """The scale."""
        return {"scale": self.scale}

    def standing(self, topology: TopologyParams, cell: CellParams) -> Standing:
        """Return ``absent`` for linear cells, whose scale is 1."""
        _ = topology
        return "absent" if isinstance(cell, LinearCell) else "approximate"

    def needs_training(self, cell: CellParams) -> bool:
        """Whenever cells are nonlinear."""
        return not isinstance(cell, LinearCell)

    def fit(self, training: Sequence[Sample]) -> "Chord":
        """Return the model with the scale of the training circuits."""
        return Chord(fit_scale(training))

    def predict(self, circuit: TestCircuit, v_row: Array) -> Array:
        """Return the currents of the scaled linear array. [A]"""
        return linear_currents(circuit, v_row, self.scale * circuit.conductance)


def fit_scale(training: Sequence[Sample]) -> float:
    """Return the factor on all conductances that explains the training currents best.

    Raises:
        ParameterError: If there is no training circuit.
    """
    from scipy.optimize import minimize_scalar

    if not training:
        msg = "a model with parameters has no circuit to be fitted on; set training_circuits"
        raise ParameterError(msg)

    def misfit(log_scale: float) -> float:
        return sum(_squares(sample, float(np.exp(log_scale))) for sample in training)

    span = float(np.log(_LARGEST))
    found = minimize_scalar(misfit, bounds=(-span, span), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))


def _squares(sample: Sample, scale: float) -> float:
    circuit = sample.circuit
    model = linear_currents(circuit, circuit.v_row, scale * circuit.conductance)
    full = max(float(np.abs(sample.i_col).max()), np.finfo(float).tiny)
    return float((((model - sample.i_col) / full) ** 2).sum())
