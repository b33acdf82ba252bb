"""This module is a layer that is read tile by tile, at every time-step."""

import copy
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xbarsim.errors import ParameterError
from xbarsim.fast.tiles import cores
from xbarsim.hardware.bank import ACTIVE, NOISY, TileBank
from xbarsim.hardware.drivers import CrossbarLayer, round_inputs
from xbarsim.hardware.geometry import spread, wire
from xbarsim.hardware.spikes import pulses
from xbarsim.mapping import DriverParams, LayerPlan
from xbarsim.network import PerStepLayer

_ITEMS = 256


class TiledLayer(PerStepLayer):
    """A linear or convolutional layer whose tiles are read one by one, for inference on CPUs.

    It keeps no state: noise is a function of the seed, the time-step and the input, so that batches
    and chunks of time change nothing.

    Attributes:
        layer: The layer that it stands for; its weight is the average one, its bias is added.
        bank: The tiles.
        seed: Seed of the noise; see ``reseed``.
    """

    def __init__(
        self, layer: CrossbarLayer, plan: LayerPlan, bank: TileBank, driver: DriverParams, seed: int
    ) -> None:
        super().__init__()
        self.layer = layer
        self.bank = bank
        self.driver = driver
        self.seed = seed
        self.wiring = wire(plan)

    def forward(self, x: Tensor) -> Tensor:
        """Read all tiles for ``x`` [image, ...], as in time-step 0."""
        return self._read(x, np.zeros(1, dtype=np.int64))

    def over_time(self, x: Tensor, start: int) -> Tensor:
        """Read all tiles for ``x`` [time, image, ...], whose first time-step is ``start``."""
        steps = np.repeat(np.arange(start, start + len(x)), x.shape[1])
        y = self._read(x.reshape(-1, *x.shape[2:]), steps)
        return y.reshape(*x.shape[:2], *y.shape[1:])

    def extra_repr(self) -> str:
        """Say how many tiles there are and how they are read."""
        slices, tiles = self.bank.cells.shape[:2]
        mode = ("linear", "noisy", "active")[self.bank.mode]
        return f"tiles={tiles}, slices={slices}, mode={mode}, codes=±{self.bank.limit:g}"

    def _read(self, x: Tensor, steps: NDArray[np.int64]) -> Tensor:
        """Read positive and, if there are any and drivers cannot give them, negative inputs."""
        if x.device.type != "cpu" or (x.requires_grad and torch.is_grad_enabled()):
            msg = (
                f"tiles are read on the CPU without gradients, the input is on {x.device}; use "
                "torch.inference_mode() there, or hardware without per-tile effects"
            )
            raise ParameterError(msg)
        x = round_inputs(x.float(), self.driver)
        if self.driver.signed == "two_phase" and bool((x < 0).any()):
            return self._phase(x.clamp(min=0), steps, 0) - self._phase(
                x.clamp(max=0).neg(), steps, 1, bias=False
            )
        if self.bank.mode == ACTIVE and bool((x < 0).any()):
            msg = (
                "a tile with gated or floating rows gets a negative input, but the activity model "
                "is fitted to spikes; use a driver that is signed 'two_phase'"
            )
            raise ParameterError(msg)
        return self._phase(x, steps, 0)

    def _phase(
        self, x: Tensor, steps: NDArray[np.int64], phase: int, *, bias: bool = True
    ) -> Tensor:
        """Read inputs at once or, where pulse widths matter to the model, pattern by pattern."""
        if self.bank.mode != ACTIVE or self.driver.coding != "width":
            return self._one_phase(x, steps, phase, bias=bias)
        result = self._one_phase(torch.zeros_like(x), steps, phase, bias=bias)
        for step, pattern in pulses(x, self.driver):
            result += step * self._one_phase(pattern, steps, phase, bias=False)
        return result

    def _one_phase(
        self, x: Tensor, steps: NDArray[np.int64], phase: int, *, bias: bool = True
    ) -> Tensor:
        shape = spread(self.layer, x)
        entries = shape.entries.detach().numpy()
        channel, at = self.wiring.rows[..., 0], self.wiring.rows[..., 1]
        rows = np.where(channel >= 0, shape.offsets[at] + channel, -1)
        positions = len(shape.base)
        out = np.zeros((len(entries) * positions, self.layer.weight.shape[0]), dtype=np.float32)
        if self.layer.bias is not None and bias:
            out += self.layer.bias.detach().numpy()
        per_entry = np.repeat(steps, len(entries) // len(steps))
        _run(self, entries, shape.base, rows, per_entry, 2 * self.seed + phase, out)
        y = torch.from_numpy(out)
        if not shape.out:
            return y.reshape(*x.shape[:-1], -1)
        return y.reshape(len(entries), *shape.out, -1).movedim(-1, 1)


def _run(
    layer: TiledLayer,
    entries: NDArray[np.float32],
    base: NDArray[np.int64],
    rows: NDArray[np.int64],
    steps: NDArray[np.int64],
    seed: int,
    out: NDArray[np.float32],
) -> None:
    """Share the items out to one thread a core."""
    from xbarsim.hardware.kernel import content_keys, read_items

    bank, wiring, table = layer.bank, layer.wiring, normal_table()
    keys = np.zeros(len(entries), dtype=np.uint32)
    if bank.mode == NOISY:
        content_keys(entries, steps, np.uint32(seed * 0x9E3779B1 & 0xFFFFFFFF), keys)

    def run(first: int) -> None:
        read_items(
            entries, base, rows, wiring.starts, wiring.columns, bank.cells, bank.scale, bank.rise,
            bank.power, np.float32(bank.limit), bank.mode, keys, table, out, first,
            min(first + _ITEMS, len(out)),
        )  # fmt: skip

    with ThreadPoolExecutor(max_workers=cores()) as pool:
        for _ in pool.map(run, range(0, len(out), _ITEMS)):
            pass


def normal_table() -> NDArray[np.float32]:
    """Return 4096 quantiles of the normal distribution, scaled to a variance of 1."""
    from scipy.special import ndtri

    z = ndtri((np.arange(4096) + 0.5) / 4096)
    return np.asarray(z / z.std(), dtype=np.float32)


def reseed(network: nn.Module, seed: int) -> nn.Module:
    """Return a copy of a network on crossbars whose reads draw other noise; cells stay the same."""
    result = copy.deepcopy(network)
    tiled = [module for module in result.modules() if isinstance(module, TiledLayer)]
    streams = np.random.SeedSequence(seed).generate_state(max(len(tiled), 1))
    for module, stream in zip(tiled, streams, strict=False):
        module.seed = int(stream)
    return result


def per_read_noise(network: nn.Module) -> bool:
    """Return whether another read of the same cells of a network would give another result."""
    return any(isinstance(m, TiledLayer) and m.bank.mode == NOISY for m in network.modules())
