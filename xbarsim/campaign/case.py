"""This module is one circuit of a campaign, and the key that its content gives it."""

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from xbarsim.circuit import build_circuit, check_inputs
from xbarsim.errors import ParameterError
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
        seed: Number that it goes by in the output, among the circuits of its name.
        conductance: Cell conductances, [row, col]. [S]
        v_row: Input vectors, [batch, row]. [V]
        crossbar: Geometry and resistances.
        topology: Ends, silent rows, leads.
        cell: Law of the cells.
        name: Parameter set that it belongs to.
    """

    seed: int
    conductance: Array
    v_row: Array
    crossbar: CrossbarParams
    topology: TopologyParams = field(default_factory=TopologyParams)
    cell: CellParams = field(default_factory=LinearCell)
    name: str = ""

    def key(self, solver: str) -> str:
        """Return the hash of everything that its currents depend on: deck, silence, and solver.

        The deck holds conductances, inputs, wires, cells with their library, and options.
        """
        parts = (self.deck(), self.topology.model_dump_json(), solver)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def deck(self) -> str:
        """Return the deck of the circuit under all its vectors, every row driven."""
        v = check_inputs(self.v_row, self.crossbar.rows)
        circuit = build_circuit(
            self.conductance, self.crossbar, topology=self.topology, cell=self.cell
        )
        return write_netlist(circuit, v)


class Cases(Protocol):
    """Cases that are counted before they are made; a list of them is one."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[CampaignCase]: ...


@dataclass(frozen=True)
class DrawnCases:
    """Cases with uniform conductances and voltages, drawn when asked for: none is held in memory.

    Case k draws from ``default_rng([seed, k])``: conductances between g_min and g_max [row, col],
    then voltages between 0 and v_read [vectors, row].

    Attributes:
        device: Conductance range and read voltage.
        crossbar: Geometry and resistances.
        count: How many there are.
        vectors: Input vectors of each.
        seed: Seed of the draws.
        topology: Ends, silent rows, leads.
        cell: Law of the cells.
    """

    device: DeviceParams
    crossbar: CrossbarParams
    count: int
    vectors: int
    seed: int = 0
    topology: TopologyParams = field(default_factory=TopologyParams)
    cell: CellParams = field(default_factory=LinearCell)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[CampaignCase]:
        device = self.device
        for k in range(self.count):
            draw = np.random.default_rng([self.seed, k])
            yield CampaignCase(
                seed=k,
                conductance=draw.uniform(device.g_min, device.g_max, self.crossbar.shape),
                v_row=draw.uniform(0.0, device.v_read, (self.vectors, self.crossbar.rows)),
                crossbar=self.crossbar,
                topology=self.topology,
                cell=self.cell,
                name=device.name,
            )


def drawn_cases(
    device: DeviceParams,
    crossbar: CrossbarParams,
    *,
    cases: int,
    vectors: int,
    seed: int = 0,
    topology: TopologyParams | None = None,
    cell: CellParams | None = None,
) -> DrawnCases:
    """Return cases with uniform conductances and voltages; case k depends on ``seed`` and k only.

    Raises:
        ParameterError: If there would be no case, or no vector.
    """
    if cases < 1 or vectors < 1:
        msg = f"{cases} cases of {vectors} vectors make no campaign: give one or more of both"
        raise ParameterError(msg)
    return DrawnCases(
        device, crossbar, cases, vectors, seed, topology or TopologyParams(), cell or LinearCell()
    )


@dataclass(frozen=True)
class JoinedCases:
    """Cases of several parameter sets, one set after the other.

    Raises:
        ParameterError: If two sets have the same name, so that their results could not be told apart.
    """

    parts: tuple[DrawnCases, ...]

    def __post_init__(self) -> None:
        names = [part.device.name for part in self.parts]
        for name in names:
            if names.count(name) > 1:
                msg = f"two parameter sets are called {name!r}: rename a file or its [device] name"
                raise ParameterError(msg)

    def __len__(self) -> int:
        return sum(len(part) for part in self.parts)

    def __iter__(self) -> Iterator[CampaignCase]:
        return itertools.chain.from_iterable(self.parts)
