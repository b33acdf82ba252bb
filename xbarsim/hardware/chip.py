"""This module is the chip: what becomes of conductances between programming and reading."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbarsim.effects import age_cells, effect_generator
from xbarsim.mapping import chip_generator
from xbarsim.mapping.chip import program
from xbarsim.parameters import Deviation, DeviceParams, EffectParams

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Chip:
    """One chip: its cells differ from those of every other chip, and stay as they are.

    Attributes:
        device: Conductance range, and variation where ``effects`` says nothing. [S]
        effects: Variation, drift, stuck cells, read noise; None for the device's variation alone.
        seconds: Time between programming and reading, for drift. [s]
        seed: Seed of all chips.
        number: Number of this chip.
    """

    device: DeviceParams
    effects: EffectParams | None = None
    seconds: float | None = None
    seed: int = 0
    number: int = 0

    def programming(self, layer: int) -> Callable[[Array], Array]:
        """Return what this chip makes of the target conductances of layer number ``layer``."""
        if self.effects is None:
            generator = chip_generator(self.seed, self.number, layer)
            return lambda g: program(g, self.device, generator)
        effects, where = self.effects, (self.seed, self.number, layer)
        return lambda g: age_cells(g, effects, self.device, where, seconds=self.seconds)

    @property
    def read_noise(self) -> Deviation | None:
        """Return the law of read noise, if there is any."""
        return None if self.effects is None else self.effects.read_noise

    def read_seed(self, layer: int) -> int:
        """Return the seed of the read noise of layer number ``layer``."""
        stream = effect_generator("read_noise", self.seed, self.number, layer)
        return int(stream.integers(2**31))
