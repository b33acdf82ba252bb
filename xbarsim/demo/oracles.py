"""This module is the second opinion during the demo: the sparse nodal solve of every circuit."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbarsim.fast import effective_conductance
from xbarsim.reference import ReferenceCurrents, solve_nodal
from xbarsim.validation.circuits import TestCircuit


@dataclass
class OracleErrors:
    """Largest disagreement seen so far, relative to each circuit's largest current."""

    float64: float = 0.0
    float32: float = 0.0

    def see(
        self,
        circuit: TestCircuit,
        _reference: ReferenceCurrents,
        predictions: Mapping[str, NDArray[np.float64]],
    ) -> None:
        """Compare one circuit's model currents, in double and single precision."""
        model = predictions["exact"]
        oracle = solve_nodal(circuit.conductance, circuit.v_row, circuit.crossbar).i_col
        scale = np.abs(oracle).max()
        single = effective_conductance(circuit.conductance.astype(np.float32), circuit.crossbar)
        single_currents = circuit.v_row @ single
        self.float64 = max(self.float64, float(np.abs(model - oracle).max() / scale))
        self.float32 = max(self.float32, float(np.abs(single_currents - oracle).max() / scale))
