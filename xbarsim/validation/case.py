"""This module is the question that a validation answers: which arrays, which inputs, how exact."""

from typing import Annotated, Literal, Self

from annotated_types import Gt
from pydantic import Field, model_validator

from xbarsim.errors import ParameterError
from xbarsim.parameters import (
    Cell,
    CellParams,
    CrossbarParams,
    DeviceParams,
    TopologyParams,
    load_cell,
    load_crossbar,
    load_device,
    load_topology,
)
from xbarsim.parameters.base import Parameters
from xbarsim.units import Count, Fraction, Ratio, Second

Statistics = Literal["uniform", "bimodal", "lognormal", "low_g", "wide"]
Spread = Annotated[float, Gt(0.0)]

WIRES = ("r_driver", "r_wire_row", "r_wire_col", "r_sense")
"""The four resistances of a crossbar, as ``changes`` names them."""


class ValidationCase(Parameters):
    """Arrays to run in ngspice, the models to judge by them, and the tolerances they are held to.

    Random arrays take the listed conductance statistics in turn: ``uniform`` in [g_min, g_max];
    ``bimodal``, g_min or g_max; ``lognormal`` around the middle of the range; ``low_g``, near g_min
    as in trained networks; ``wide``, log-uniform over a range ``spread`` times wider at both ends,
    and with an open cell, so that programming variation stays inside the envelope.
    """

    name: str
    """Name of the case; the record is called after it."""
    device: str = "bhattacharjee2022"
    """Preset or TOML file of the device, the wires, the topology and the cell."""
    changes: dict[str, float] = Field(default_factory=dict)
    """Numbers of the device or the wires to replace, say ``r_wire_row = 7.0`` [Ω]."""
    topology: TopologyParams | None = None
    """Ends, silent rows and leads instead of the device file's."""
    cell: Cell | None = None
    """Law of the cells instead of the device file's."""
    sizes: tuple[tuple[Count, Count], ...] = ((16, 16), (32, 32), (64, 64))
    """Rows and columns of the arrays."""
    circuits: Count = 4
    """Random arrays per size, at most."""
    statistics: tuple[Statistics, ...] = ("uniform", "wide", "low_g", "bimodal", "lognormal")
    """Distributions of the cells' conductances, taken in turn."""
    vectors: Count = 6
    """Input vectors per array: dense analogue ones and spike vectors in turn."""
    densities: tuple[Fraction, ...] = (0.05, 0.2, 0.5)
    """Shares of spiking rows, taken in turn."""
    spread: Spread = 3.0
    """How far conductances go beyond the device's range, as a factor."""
    network: str | None = None
    """Checkpoint (.safetensors) whose layers' tiles are judged too."""
    network_tiles: Count = 4
    """Tiles of the network per size."""
    models: tuple[str, ...] = ()
    """Models to judge; by default every one that can speak about these arrays."""
    tolerance: Ratio = 1e-9
    """Largest error allowed to exact models, relative to the largest current of the circuit."""
    tolerance_nonlinear: Ratio = 1e-8
    """The same for nonlinear cells, where ngspice's own tolerances leave more."""
    approximate: Ratio = 1e-2
    """Largest error allowed to approximate models, relative to the same."""
    tolerances: tuple[Ratio, ...] = (1e-9, 1e-6, 1e-3, 1e-2, 5e-2)
    """Further tolerances that every model gets a verdict for."""
    training_circuits: Count = 2
    """Arrays per training size to fit models on; none of them is judged."""
    training_sizes: tuple[tuple[Count, Count], ...] = ()
    """Sizes to fit on; by default three quarters of the two smallest sizes."""
    training_densities: tuple[Fraction, ...] = (0.1, 0.35)
    """Shares of spiking rows to fit on."""
    precision: Ratio | None = None
    """Stop when every model's interval of the p99 error is narrower than this share of the error or
    of its tolerance, whichever is larger; by default all circuits run."""
    budget: Second | None = None
    """Longest time to spend; the record says when it ended the run."""
    seed: int = 0
    """Seed of arrays and inputs."""

    @model_validator(mode="after")
    def _known_changes(self) -> Self:
        known = {*WIRES, "g_min", "g_max", "sigma", "v_read"}
        for key in self.changes.keys() - known:
            msg = f"changes names {key!r}; known: {', '.join(sorted(known))}"
            raise ParameterError(msg)
        return self

    def device_params(self) -> DeviceParams:
        """Return the device of this case."""
        changes = {k: v for k, v in self.changes.items() if k not in WIRES}
        return load_device(self.device).replace(**changes)

    def crossbar_params(self, rows: int, cols: int) -> CrossbarParams:
        """Return the crossbar of this case at one size."""
        changes = {k: v for k, v in self.changes.items() if k in WIRES}
        return load_crossbar(self.device, rows=rows, cols=cols).replace(**changes)

    def topology_params(self) -> TopologyParams:
        """Return ends, silent rows and leads."""
        return load_topology(self.device) if self.topology is None else self.topology

    def cell_params(self) -> CellParams:
        """Return the law of the cells."""
        return load_cell(self.device) if self.cell is None else self.cell

    def resolved(self) -> "Setting":
        """Return what the case's device file and changes come to."""
        return Setting(
            device=self.device_params(),
            wires=self.crossbar_params(1, 1),
            topology=self.topology_params(),
            cell=self.cell_params(),
        )


class Setting(Parameters):
    """The hardware that a case is about, whole: a record needs no other file to be read."""

    device: DeviceParams
    """Conductance range and read voltage."""
    wires: CrossbarParams
    """The four resistances; the size is that of one cell."""
    topology: TopologyParams
    """Ends, silent rows, leads."""
    cell: Cell
    """Law of the cells."""

    def crossbar(self, rows: int, cols: int) -> CrossbarParams:
        """Return the crossbar at one size."""
        return self.wires.replace(rows=rows, cols=cols)
