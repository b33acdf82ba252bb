"""This module is the trial: the cells and inputs that a design is tried with, at any size."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbarsim.design.array import ArrayDesign

Array = NDArray[np.float64]

DENSITIES = (0.1, 0.3, 0.5)
"""Shares of spiking rows."""
_COUNTS = {"matrix": (3, 24), "patterns": (2, 16), "state": (1, 12), "nodal": (1, 4)}
_LARGEST = 256


@dataclass(frozen=True)
class Sample:
    """Random numbers from which cells and inputs are made, the same ones at every size and range.

    One design differs from another only by what was changed, so errors are smooth enough to bisect.

    Attributes:
        levels: Place of every cell in the conductance range, [array, row, col]. [1]
        dense: Analogue inputs as shares of V_read, [vector, row]. [1]
        chance: A row spikes when its number is below the density, [vector, row]. [1]
    """

    levels: Array
    dense: Array
    chance: Array

    @property
    def arrays(self) -> int:
        """Number of arrays."""
        return len(self.levels)

    def conductance(self, design: ArrayDesign, k: int) -> Array:
        """Return the cells of array k, uniform in the device's range, [row, col]. [S]"""
        rows, cols = design.crossbar.shape
        low, high = design.device.g_min, design.device.g_max
        return np.asarray(low + self.levels[k, :rows, :cols] * (high - low))

    def inputs(self, design: ArrayDesign) -> Array:
        """Return dense analogue vectors, then spikes at each density in turn, [batch, row]. [V]"""
        rows, v_read = design.crossbar.rows, design.device.v_read
        spikes = [
            self.spikes(design, DENSITIES[k % len(DENSITIES)], k) for k in range(len(self.chance))
        ]
        return np.concatenate([v_read * self.dense[:, :rows], np.stack(spikes)])

    def spikes(self, design: ArrayDesign, density: float, k: int) -> Array:
        """Return the k-th vector of spikes at a density; at least one row spikes, [row]. [V]"""
        chance = self.chance[k, : design.crossbar.rows]
        return np.where((chance < density) | (chance == chance.min()), design.device.v_read, 0.0)


def draw_sample(design: ArrayDesign, seed: int = 0) -> Sample:
    """Draw as many arrays and vectors as the design's model can take in a search."""
    arrays, vectors = _COUNTS[design.method]
    rows, cols = (max(n, _LARGEST) for n in design.crossbar.shape)
    draw = np.random.default_rng(seed)
    dense = vectors // 4
    return Sample(
        draw.random((arrays, rows, cols)),
        draw.random((dense, rows)),
        draw.random((vectors - dense, rows)),
    )
