"""This module is what a study has measured so far: one line a measurement, safe against kills."""

import hashlib
import json
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any

from xbarsim.errors import StorageError
from xbarsim.storage import alone_with, read_text, write_atomically
from xbarsim.study.condition import Condition


@dataclass(frozen=True)
class Measured:
    """One network, in software or on one chip; shares, not percent.

    Attributes:
        row: Name of the study's row.
        network: Hash of the weights.
        images: Test images.
        condition: How it was put on the chip; None in software.
        chip: Number of the chip; -1 in software.
        accuracy: After each time-step; one value without time.
        rates: Mean spikes per neuron over all steps, per layer of neurons.
        raw_gain: Per layer, the scale that raw currents would need; empty in software.
        seconds: Time of the measurement. [s]
        failure: Why there is no such chip, say because its IR drop cannot be compensated; then
            ``accuracy`` is empty.
        once_s: Time of training through arrays and of compensation, once for all chips. [s]
        chip_s: Time of what was done to this chip: thresholds, batch norms. [s]
        residual: Largest of what compensation left in a layer, before variation; None without.
        kept_gain: Per layer, gain of compensated arrays over that of the arrays as they were.
    """

    row: str
    network: str
    images: int
    condition: dict[str, Any] | None
    chip: int
    accuracy: tuple[float, ...]
    rates: tuple[float, ...]
    raw_gain: tuple[float, ...]
    seconds: float
    failure: str = ""
    once_s: float = 0.0
    chip_s: float = 0.0
    residual: float | None = None
    kept_gain: tuple[float, ...] = ()

    @property
    def key(self) -> str:
        """What makes two measurements the same."""
        return key_of(self.row, self.network, self.images, self.condition, self.chip)


def key_of(
    row: str, network: str, images: int, condition: Condition | dict[str, Any] | None, chip: int
) -> str:
    """Return the key of a measurement."""
    plain = condition.plain if isinstance(condition, Condition) else condition
    text = json.dumps([row, network, images, plain, chip], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


class StudyStore:
    """Measurements in a file of JSON lines; a line that a kill cut short is measured again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: dict[str, Measured] = {}
        if path.exists():
            self._read()

    def _read(self) -> None:
        lines = read_text(self.path).splitlines()
        for number, line in enumerate(lines, start=1):
            try:
                plain = json.loads(line)
                lists = {k: tuple(v) for k, v in plain.items() if isinstance(v, list)}
                found = Measured(**(plain | lists))
            except (ValueError, TypeError, KeyError) as error:
                if number == len(lines):
                    return
                msg = f"{self.path}, line {number} is no measurement ({error}); take the line out"
                raise StorageError(msg) from error
            self._known[found.key] = found

    def get(self, key: str) -> Measured | None:
        """Return a measurement, or None when it was not made yet."""
        return self._known.get(key)

    def put(self, measured: Measured) -> None:
        """Add a measurement; it is on the disk when this returns, beside those of other runs."""
        with alone_with(self.path):
            if self.path.exists():
                self._read()
            self._known[measured.key] = measured
            kept = "".join(json.dumps(_plain(m), sort_keys=True) + "\n" for m in self.all())
            write_atomically(self.path, kept)

    def all(self) -> list[Measured]:
        """Return everything, in an order that does not depend on when it was measured."""
        return sorted(
            self._known.values(),
            key=lambda m: (m.row, m.images, json.dumps(m.condition, sort_keys=True), m.chip),
        )


def _plain(measured: Measured) -> dict[str, Any]:
    """Return a measurement as data, without what it says nothing about."""
    unset = {f.name: f.default for f in fields(Measured) if f.default is not MISSING}
    return {k: v for k, v in asdict(measured).items() if k not in unset or v != unset[k]}
