"""This module is the layer that stands in a network and sends its inputs to ngspice."""

import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xbarsim.cosim.sample import CosimParams
from xbarsim.cosim.site import Site, TileErrors
from xbarsim.hardware.drivers import round_inputs
from xbarsim.hardware.geometry import gathered, spread
from xbarsim.network import PerStepLayer

Array = NDArray[np.float64]


class Tap(PerStepLayer):
    """A layer on crossbars whose tiles are also, or instead, simulated in ngspice.

    Attributes:
        read: The layer as the fast model gives it.
        site: Its tiles as circuits.
        params: What goes to ngspice.
        seen: What the comparison found so far.
    """

    def __init__(self, read: nn.Module, site: Site, params: CosimParams) -> None:
        super().__init__()
        self.read = read
        self.site = site
        self.params = params
        self.seen: list[TileErrors] = []

    def __deepcopy__(self, memo: dict[int, object]) -> "Tap":
        # Circuits never change; copies must not each keep their own.
        return Tap(copy.deepcopy(self.read, memo), self.site, self.params)

    def forward(self, x: Tensor) -> Tensor:
        """Run the layer on ``x`` [image, ...], as in time-step 0."""
        return self.over_time(x[None], 0)[0]

    def over_time(self, x: Tensor, start: int) -> Tensor:
        """Run the layer on ``x`` [time, image, ...], whose first time-step is ``start``."""
        flat = x.reshape(-1, *x.shape[2:])
        y = torch.as_tensor(self.read(flat)).to(x.dtype)
        chosen = [k for k in range(len(x)) if self.params.at(start + k)]
        if chosen:
            fix = self._ask(x[chosen], tuple(start + k for k in chosen))
            if self.params.mode == "inject":
                y = y.clone()
                stacked = y.reshape(len(x), -1, *y.shape[1:])
                stacked[chosen] += fix.to(y.dtype)
        return y.reshape(*x.shape[:2], *y.shape[1:])

    def _ask(self, x: Tensor, steps: tuple[int, ...]) -> Tensor:
        """Return ngspice minus fast model for ``x`` [time, image, ...], shaped like the output."""
        driven = round_inputs(x, self.site.spec.driver)
        entries = gathered(self.site.layer, driven.reshape(-1, *x.shape[2:])).double()
        images, positions = entries.shape[0], entries.shape[-1]
        values = entries.permute(0, 3, 1, 2).reshape(images * positions, *entries.shape[1:3])
        length = 1 if self.params.transient is None else len(x)
        inputs, places = {}, {}
        for tile in self.site.tiles:
            inputs[tile], places[tile] = self._vectors(values.numpy(force=True), tile, length)
        correction = np.zeros((images * positions, self._n_outputs()))
        for tile, (spice, fast, scale) in self.site.all_answers(inputs, length).items():
            self._note(tile, steps, spice, fast, scale)
            self._add(correction, tile, (spice - fast)[places[tile]])
        return self._shaped(correction, x, images, positions)

    def _vectors(self, values: Array, tile: int, length: int) -> tuple[Array, NDArray[np.int64]]:
        """Return the distinct inputs of a tile [vector, row], and which one each read has.

        Reads [time, image, position] are told apart by spike trains of ``length`` steps.
        """
        rows = self.site.rows(tile)
        used = rows[:, 0] >= 0
        inputs = np.zeros((len(values), len(rows)))
        inputs[:, used] = values[:, rows[used, 0], rows[used, 1]]
        trains = (
            inputs.reshape(length, -1, len(rows)).transpose(1, 0, 2).reshape(-1, length * len(rows))
        )
        distinct, place = np.unique(trains, axis=0, return_inverse=True)
        most = self.params.vectors
        if most is not None and len(distinct) > most:
            draw = np.random.default_rng([self.params.seed, tile])
            distinct = distinct[np.sort(draw.choice(len(distinct), most, replace=False))]
            place = np.zeros(len(trains), dtype=np.int64)
        at = place.reshape(-1)[None, :] * length + np.arange(length)[:, None]
        return distinct.reshape(-1, len(rows)), at.reshape(-1)

    def _note(
        self, tile: int, steps: tuple[int, ...], spice: Array, fast: Array, scale: float
    ) -> None:
        largest = float(np.abs(spice).max()) or 1.0
        error = (fast - spice) / largest
        self.seen.append(TileErrors(self.site.name, tile, steps, len(spice), error, scale))

    def _add(self, outputs: Array, tile: int, values: Array) -> None:
        columns = self.site.columns(tile)
        used = columns >= 0
        outputs[:, columns[used]] += values[:, : len(columns)][:, used]

    def _n_outputs(self) -> int:
        return int(self.site.layer.weight.shape[0])

    def _shaped(self, flat: Array, x: Tensor, images: int, positions: int) -> Tensor:
        """Return [image * position, output] as [time, image, ...] of the layer's output."""
        y = torch.from_numpy(flat).reshape(images, positions, -1)
        if isinstance(self.site.layer, nn.Linear):
            return y.reshape(*x.shape[:-1], -1)
        out = spread(self.site.layer, x[0, :1]).out
        return y.movedim(1, -1).reshape(*x.shape[:2], -1, *out)
