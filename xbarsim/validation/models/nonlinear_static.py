"""This module is the secant model as a candidate: nonlinear cells as one matrix, fitted tile by tile.

It is what whole networks use where cells are nonlinear: rows at 0 or V_read, silent ones grounded.
The patterns that it is fitted on are its own; it is judged on the case's.
"""

import zlib

import numpy as np

from xbarsim.fast import fit_nonlinear_static
from xbarsim.parameters import CellParams, LinearCell, TopologyParams
from xbarsim.validation.circuits import TestCircuit
from xbarsim.validation.models.activity import spikes_in
from xbarsim.validation.models.exact import one_ended, with_leads
from xbarsim.validation.models.nonlinear import Nonlinear
from xbarsim.validation.models.protocol import Array, Standing, Unfitted


class NonlinearSecant(Unfitted):
    """One static product a time-step; it speaks about spikes only."""

    name = "nonlinear_static"

    def standing(self, topology: TopologyParams, cell: CellParams) -> Standing:
        """Return ``absent`` for linear cells, and where silent rows are not grounded."""
        known = Nonlinear().standing(topology, cell) != "absent"
        plain = topology.silent == "grounded" and one_ended(topology)
        fits = known and plain and not isinstance(cell, LinearCell)
        return "approximate" if fits else "absent"

    def predict(self, circuit: TestCircuit, v_row: Array) -> Array:
        """Fit the tile and return its currents, not-a-number for inputs that are no spikes. [A]"""
        voltage, spikes = spikes_in(v_row)
        currents = np.full((len(v_row), circuit.crossbar.cols), np.nan)
        if spikes.any():
            # An array has a pattern sequence of its own, whatever else was judged before it.
            seed = zlib.crc32(circuit.conductance.tobytes())
            model = fit_nonlinear_static(
                circuit.conductance,
                with_leads(circuit.crossbar, circuit.topology),
                circuit.cell,
                voltage,
                generator=np.random.default_rng(seed),
                held_out=1,
            )
            currents[spikes] = model.currents(v_row[spikes] != 0)
        return currents
