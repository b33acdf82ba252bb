"""This module is one circuit of a campaign, and the key that its content gives it."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from xbarsim.circuit import build_circuit, check_inputs
from xbarsim.parameters import (
    CellParams,
    CrossbarParams,
    DeviceParams,
    LinearCell,
    TopologyParams,
)
from xbarsim.spice import write_netlist

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CampaignCase:
    """One circuit and its input vectors.

    Attributes:
        seed: Number that it goes by in the output.
        conductance: Cell conductances, [row, col]. [S]
        v_row: Input vectors, [batch, row]. [V]
        crossbar: Geometry and resistances.
        topology: Ends, silent rows, leads.
        cell: Law of the cells.
    """

    seed: int
    conductance: Array
    v_row: Array
    crossbar: CrossbarParams
    topology: TopologyParams = field(default_factory=TopologyParams)
    cell: CellParams = field(default_factory=LinearCell)

    def key(self, solver: str) -> str:
        """Return the hash of everything that its currents depend on: deck, silence, and solver.

        The deck holds conductances, inputs, wires, cells with their library, and options.
        """
        v = check_inputs(self.v_row, self.crossbar.rows)
        circuit = build_circuit(
            self.conductance, self.crossbar, topology=self.topology, cell=self.cell
        )
        parts = (write_netlist(circuit, v), self.topology.model_dump_json(), solver)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def drawn_cases(
    device: DeviceParams,
    crossbar: CrossbarParams,
    *,
    cases: int,
    vectors: int,
    seed: int = 0,
    topology: TopologyParams | None = None,
    cell: CellParams | None = None,
) -> Iterator[CampaignCase]:
    """Yield cases with uniform conductances and voltages; case k depends on ``seed`` and k only."""
    for k in range(cases):
        draw = np.random.default_rng([seed, k])
        yield CampaignCase(
            seed=k,
            conductance=draw.uniform(device.g_min, device.g_max, crossbar.shape),
            v_row=draw.uniform(0.0, device.v_read, (vectors, crossbar.rows)),
            crossbar=crossbar,
            topology=topology or TopologyParams(),
            cell=cell or LinearCell(),
        )
