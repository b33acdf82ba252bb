"""This module is the activity model as a candidate: fitted tile by tile, judged on other patterns.

The patterns it is fitted on are its own, solved by the exact linear model or, as in whole networks
of nonlinear cells, by the nonlinear one. Where only ngspice knows the cells' law, they are linear ones,
scaled as the training circuits in ngspice want it.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xbarsim.fast import ActivityModel, fit_activity, fit_nonlinear_activity
from xbarsim.parameters import CellParams, LinearCell, SubcircuitCell, TopologyParams
from xbarsim.validation.circuits import TestCircuit
from xbarsim.validation.models.chord import fit_scale
from xbarsim.validation.models.exact import with_leads
from xbarsim.validation.models.protocol import Array, Sample, Standing

_PATTERNS = 450
_PATTERNS_PER_ROW = 4


@dataclass(frozen=True)
class Activity:
    """Two static products for rows that are gated or floating; it speaks about spikes only."""

    scale: float = 1.0
    name: str = "activity"

    @property
    def parameters(self) -> Mapping[str, float]:
        """The scale of the cells; the tiles' own matrices are not listed."""
        return {"scale": self.scale}

    def standing(self, topology: TopologyParams, cell: CellParams) -> Standing:
        """Return ``absent`` where silent rows are grounded, and one matrix is exact."""
        _ = cell
        return "absent" if topology.silent == "grounded" else "approximate"

    def needs_training(self, cell: CellParams) -> bool:
        """For cells whose law only ngspice knows."""
        return isinstance(cell, SubcircuitCell)

    def fit(self, training: Sequence[Sample]) -> "Activity":
        """Return the model with the scale that the training circuits' spike vectors want."""
        return Activity(fit_scale([_spikes_of(sample) for sample in training]))

    def predict(self, circuit: TestCircuit, v_row: Array) -> Array:
        """Fit the tile and return its currents, not-a-number for inputs that are no spikes. [A]"""
        voltage, spikes = spikes_in(v_row)
        model = self._fitted(circuit, voltage)
        currents = np.full((len(v_row), circuit.crossbar.cols), np.nan)
        currents[spikes] = model.currents(v_row[spikes] != 0, voltage)
        return currents

    def _fitted(self, circuit: TestCircuit, voltage: float) -> ActivityModel:
        # An array has a pattern sequence of its own, whatever else was judged before it.
        draw = np.random.default_rng(zlib.crc32(circuit.conductance.tobytes()))
        crossbar = with_leads(circuit.crossbar, circuit.topology)
        silent = circuit.topology.silent
        if isinstance(circuit.cell, LinearCell | SubcircuitCell):
            count = max(_PATTERNS, _PATTERNS_PER_ROW * circuit.crossbar.rows)
            cells = self.scale * circuit.conductance
            return fit_activity(cells, crossbar, silent, generator=draw, patterns=count, held_out=1)
        return fit_nonlinear_activity(
            circuit.conductance, crossbar, circuit.cell, silent, voltage, generator=draw, held_out=1
        )


def spikes_in(v_row: Array) -> tuple[float, NDArray[np.bool_]]:
    """Return the voltage of a spike, and which vectors [batch] consist of spikes."""
    voltage = float(np.abs(v_row).max())
    found = np.isin(v_row, (0.0, voltage)).all(axis=1) & (v_row != 0).any(axis=1)
    return voltage, np.asarray(found)


def _spikes_of(sample: Sample) -> Sample:
    """Return the sample without its analogue vectors."""
    _, spikes = spikes_in(sample.circuit.v_row)
    circuit = replace(sample.circuit, v_row=sample.circuit.v_row[spikes])
    return Sample(circuit, sample.i_col[spikes])
