"""This module is the table's row: a network in software, and on several chips."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from xbarsim.data import Dataset
from xbarsim.hardware import layer_summaries, to_crossbar
from xbarsim.learning import measure_accuracy, search_thresholds
from xbarsim.mapping import Gain
from xbarsim.parameters import CrossbarParams, DeviceParams
from xbarsim.validation import ValidationRecord


@dataclass(frozen=True)
class Candidate:
    """A trained network to be put on crossbars.

    Attributes:
        method: Name of the way in which it was trained.
        network: The network, in software.
        steps: Time-steps; 0 for a network without time.
        calibration_images: When given, thresholds are searched anew on every chip with these.
    """

    method: str
    network: nn.Module
    steps: int
    calibration_images: Tensor | None = None

    def accuracy(self, network: nn.Module, data: Dataset) -> NDArray[np.float64]:
        """Return the test accuracy after each time-step, [time]; one value without time."""
        return measure_accuracy(network, data, self.steps)[0]


@dataclass(frozen=True)
class AccuracyRow:
    """One network, one tile size, one gain, several chips.

    Attributes:
        method: How the network was trained.
        steps: Time-steps, 0 without time.
        tile: Rows and columns of a tile.
        gain: Read-out gain.
        raw_gain: Mean over layers of the scale that raw currents would need.
        software: Accuracy after each time-step in software, [time].
        hardware: The same on each chip, [chip, time].
    """

    method: str
    steps: int
    tile: tuple[int, int]
    gain: Gain
    raw_gain: float
    software: NDArray[np.float64]
    hardware: NDArray[np.float64]

    @property
    def final(self) -> NDArray[np.float64]:
        """Accuracy at the last time-step, per chip."""
        return np.asarray(self.hardware[:, -1])

    @property
    def relative_drop(self) -> NDArray[np.float64]:
        """(software - hardware) / software at the last time-step, per chip."""
        return np.asarray(1.0 - self.final / self.software[-1])

    def summary(self) -> dict[str, object]:
        """Return the row as plain data: shares, not percent."""
        return {
            "method": self.method,
            "steps": self.steps,
            "tile": list(self.tile),
            "gain": self.gain,
            "raw_gain": self.raw_gain,
            "software": float(self.software[-1]),
            "hardware": self.final.tolist(),
            "relative_drop": float(self.relative_drop.mean()),
        }


def measure(
    candidates: list[Candidate],
    crossbars: list[CrossbarParams],
    device: DeviceParams,
    data: Dataset,
    record: ValidationRecord,
    *,
    gains: tuple[Gain, ...] = ("none", "column"),
    chips: int = 3,
    on_chip: Callable[[int], None] | None = None,
) -> Iterator[AccuracyRow]:
    """Yield a row for every candidate, tile size and gain."""
    for candidate in candidates:
        software = candidate.accuracy(candidate.network, data)
        for crossbar, gain in product(crossbars, gains):
            hardware, raw = [], []
            for chip in range(chips):
                net = to_crossbar(
                    candidate.network, crossbar, device, record=record, gain=gain, chip=chip
                )
                raw += [layer.raw_gain for layer in layer_summaries(net)]
                if candidate.calibration_images is not None:
                    net = search_thresholds(net, candidate.calibration_images, candidate.steps)
                hardware.append(candidate.accuracy(net, data))
                if on_chip is not None:
                    on_chip(1)
            yield AccuracyRow(
                candidate.method,
                candidate.steps,
                crossbar.shape,
                gain,
                float(np.mean(raw)),
                software,
                np.array(hardware),
            )
