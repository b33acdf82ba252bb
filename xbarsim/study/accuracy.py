"""This module is the table's row: a network in software, and on several chips."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbarsim.data import Dataset
from xbarsim.mapping import Gain
from xbarsim.study.chips import measure_chips, measure_software
from xbarsim.study.condition import Condition
from xbarsim.study.design import Hardware
from xbarsim.study.store import Measured
from xbarsim.study.subject import Subject


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

    @classmethod
    def of(
        cls, method: str, condition: Condition, software: Measured, chips: Sequence[Measured]
    ) -> "AccuracyRow":
        """Return the row of a network's measurements under one condition."""
        return cls(
            method=method,
            steps=len(software.accuracy) if software.rates else 0,
            tile=(condition.tile, condition.tile),
            gain=condition.gain,
            raw_gain=float(np.mean([gain for m in chips for gain in m.raw_gain])),
            software=np.array(software.accuracy),
            hardware=np.array([m.accuracy for m in chips]),
        )


def measure(
    subject: Subject,
    conditions: Sequence[Condition],
    hardware: Hardware,
    data: Dataset,
    *,
    chips: int = 3,
    on_chip: Callable[[int], None] | None = None,
) -> Iterator[tuple[Condition, AccuracyRow]]:
    """Yield every condition with its row; ``on_chip`` is called with 1 after every measurement."""
    software = measure_software(subject, data)
    found: dict[Condition, list[Measured]] = {condition: [] for condition in conditions}
    for condition, _, measured in measure_chips(subject, conditions, hardware, data, chips):
        found[condition].append(measured)
        if on_chip is not None:
            on_chip(1)
    for condition, measurements in found.items():
        yield condition, AccuracyRow.of(subject.key, condition, software, measurements)
