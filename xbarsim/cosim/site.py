"""This module is one layer under co-simulation: its tiles, their spikes, ngspice's answer."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from xbarsim.fast.tiles import cores
from xbarsim.hardware.drivers import CrossbarLayer
from xbarsim.hardware.geometry import Wiring, wire
from xbarsim.hardware.spikes import pulses
from xbarsim.mapping import DriverParams, MappedLayer, MappingSpec, ProgrammedLayer
from xbarsim.mapping.scheme import sides_of
from xbarsim.parameters import (
    CellParams,
    CrossbarParams,
    LinearCell,
    TopologyParams,
    TransientParams,
)
from xbarsim.reference import Distrust
from xbarsim.spice import spice_currents, spice_transient

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Bench:
    """How ngspice is asked, the same for every tile.

    Attributes:
        crossbar: Size of a tile and its resistances. [Ω]
        v_read: Voltage of a full input. [V]
        topology: Ends, leads, silent rows; the plain array by default.
        cell: Law of the cells; Ohm's by default.
        driver: How signs and sizes are driven.
        distrust: What checks ngspice's answers by the other oracle, static ones only; None for none.
        transient: Pulses and capacitances; static without.
        sampled: In time, take the current at the sampling time in place of the mean over the pulse.
    """

    crossbar: CrossbarParams
    v_read: float
    topology: TopologyParams | None = None
    cell: CellParams | None = None
    driver: DriverParams = field(default_factory=DriverParams)
    distrust: Distrust | None = None
    transient: TransientParams | None = None
    sampled: bool = False

    def currents(self, conductance: Array, inputs: Array, length: int) -> Array:
        """Return column currents [vector, col] of one array, as ngspice finds them. [A]

        ``inputs`` [vector, row], 1 is a full one, are driven as the driver does: negative ones apart
        where it has two phases, sizes as voltages, or as pulses, each level a deck of its own.
        ``length`` vectors make one spike train; trains are kept apart by a silent step.
        """
        total = np.zeros((len(inputs), self.crossbar.cols))
        for share, pattern in self._driven(inputs):
            total += share * self._read(conductance, self.v_read * pattern, length)
        return total

    def _driven(self, inputs: Array) -> Iterator[tuple[float, Array]]:
        """Yield shares of the read and what rows are at meanwhile, [vector, row], 1 is v_read."""
        signs = (1.0, -1.0) if self.driver.signed == "two_phase" else (1.0,)
        for sign in signs:
            part = inputs if len(signs) == 1 else np.maximum(sign * inputs, 0.0)
            if self.driver.coding == "width":
                for step, pattern in pulses(torch.from_numpy(part), self.driver):
                    yield sign * step, pattern.numpy()
            elif part.any():
                yield sign, part

    def _read(self, conductance: Array, v: Array, length: int) -> Array:
        """Return the currents of word-line voltages [vector, row]. [A]"""
        if self.transient is not None:
            trains = v.reshape(-1, length, v.shape[1])
            rested = np.pad(trains, ((0, 0), (0, 1), (0, 0))).reshape(-1, v.shape[1])
            timed = spice_transient(
                conductance, rested, self.crossbar, self.transient, topology=self.topology,
                cell=self.cell,
            )  # fmt: skip
            mean = timed.charge / self.transient.pulse
            steps = timed.i_sample if self.sampled else mean
            return steps.reshape(len(trains), length + 1, -1)[:, :-1].reshape(len(v), -1)
        found = spice_currents(
            conductance, v, self.crossbar, engine="batch", topology=self.topology, cell=self.cell
        ).i_col
        if self.distrust is not None:
            self.distrust.look(
                "a tile", conductance, v, found, self.crossbar, self.topology or TopologyParams(),
                self.cell or LinearCell(),
            )  # fmt: skip
        return found


@dataclass(frozen=True)
class TileErrors:
    """One tile at one call: ngspice against the fast model, on the network's own inputs.

    Attributes:
        layer: Name of the layer.
        tile: Number of the tile.
        steps: Time-steps that the vectors come from.
        vectors: Distinct input vectors.
        error: (fast - ngspice) / largest |ngspice| of the tile, [vector, col].
        full_scale: Largest |difference current| in ngspice. [A]
    """

    layer: str
    tile: int
    steps: tuple[int, ...]
    vectors: int
    error: Array
    full_scale: float


@dataclass
class Site:
    """A layer's tiles as circuits.

    Attributes:
        name: Name of the layer in the network.
        layer: The layer, for its geometry.
        cells: [side, slice, tile, row, col]. [S]
        scale: Weight per siemens of difference, gain included, [slice, tile, col]. [1/S]
        balance: Gain of either bit line over that of their pair, [side, tile, col].
        spec: How weights became conductances.
        bench: How ngspice is asked.
        tiles: Tiles that are simulated.
        wiring: Which input drives which row.
        model: What the network's layer makes of one tile's inputs; see ``tile_model``.
        on_tile: Called once a tile.
    """

    name: str
    layer: CrossbarLayer
    cells: Array
    scale: Array
    balance: Array
    spec: MappingSpec
    bench: Bench
    tiles: list[int]
    wiring: Wiring
    model: Callable[[int, Array], Array]
    on_tile: Callable[[], None] = field(default=lambda: None)

    @property
    def across(self) -> int:
        """Tiles side by side along the outputs."""
        return int(self.wiring.columns.shape[1])

    def rows(self, tile: int) -> NDArray[np.int64]:
        """Return input channel and kernel position of every row of a tile, [row, 2]."""
        return np.asarray(self.wiring.rows[tile // self.across])

    def columns(self, tile: int) -> NDArray[np.int64]:
        """Return the output of every column of a tile, -1 where unused, [col]."""
        return np.asarray(self.wiring.columns[tile // self.across, tile % self.across])

    def answers(self, tile: int, inputs: Array, length: int) -> tuple[Array, Array, float]:
        """Return what a tile adds to its outputs, by ngspice and by the fast model.

        Args:
            tile: Number of the tile.
            inputs: Distinct inputs, 1 is a full one, [vector, row].
            length: Vectors of one spike train; in the static case they have no order.

        Returns:
            Contributions [vector, col] by ngspice and by the fast model, in units of the layer's
            output, and ngspice's largest |difference current|. [A]
        """
        arrays = self.cells[:, :, tile]
        real = np.stack([[self.bench.currents(g, inputs, length) for g in side] for side in arrays])
        fast = self.model(tile, inputs)
        self.on_tile()
        spice = self._difference(real, tile)
        scale = self.scale[:, tile][:, None, :] / self.bench.v_read
        return (spice * scale).sum(axis=0), fast, float(np.abs(spice).max())

    def _difference(self, currents: Array, tile: int) -> Array:
        """Return I+ - I- of currents [side, slice, vector, col]; a dummy column stands for a side."""
        sides = sides_of(currents, self.spec) * self.balance[:, tile, None, None]
        return np.asarray(sides[0] - sides[1])

    def all_answers(
        self, inputs: dict[int, Array], length: int
    ) -> dict[int, tuple[Array, Array, float]]:
        """Ask about several tiles at once, one process of ngspice a core."""
        with ThreadPoolExecutor(max_workers=cores()) as pool:
            found = pool.map(lambda tile: self.answers(tile, inputs[tile], length), inputs)
            return dict(zip(inputs, found, strict=True))


def build_site(
    name: str,
    layer: CrossbarLayer,
    programmed: ProgrammedLayer,
    mapped: MappedLayer,
    spec: MappingSpec,
    bench: Bench,
    tiles: list[int],
    model: Callable[[int, Array], Array],
    on_tile: Callable[[], None],
) -> Site:
    """Gather a layer's circuits.

    Args:
        name: Name of the layer in the network.
        layer: The layer.
        programmed: Its cells.
        mapped: What was read from them, for the gain.
        spec: How weights became conductances.
        bench: How ngspice is asked.
        tiles: Tiles to simulate.
        model: What the network's layer makes of one tile's inputs.
        on_tile: Called once a tile and call.
    """
    used = programmed.plan.used().max(axis=-2, keepdims=True)
    scale = np.asarray((programmed.unit * mapped.gain * used)[..., 0, :])
    cells = programmed.conductance
    full = np.broadcast_to(scale, (cells.shape[1], cells.shape[2], scale.shape[-1]))
    balance = np.broadcast_to(mapped.balance[..., 0, :], (2, *full.shape[1:]))
    return Site(
        name, layer, cells, full, balance, spec, bench, tiles, wire(programmed.plan), model, on_tile
    )
