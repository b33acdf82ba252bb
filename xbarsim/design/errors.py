"""This module is how far a design's columns are from the array without wires."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xbarsim.design.array import ArrayDesign
from xbarsim.design.sample import Sample
from xbarsim.design.solve import column_currents, wireless_currents

Array = NDArray[np.float64]
Measure = Literal["raw", "gain"]


@dataclass(frozen=True)
class DesignError:
    """Errors of column currents as shares of full scale, the largest current without wires.

    Attributes:
        raw: Largest |I - I_0|, with I_0 the current without wires. [1]
        raw_rms: Its root mean square.
        gain: Largest |a_j I - I_0|, with one least-squares gain a_j for each column.
        gain_rms: Its root mean square.
    """

    raw: float
    raw_rms: float
    gain: float
    gain_rms: float

    def of(self, measure: Measure) -> float:
        """Return the largest error, raw or after column gain."""
        return self.raw if measure == "raw" else self.gain


@dataclass(frozen=True)
class Comparison:
    """Currents that were found beside those that were wanted.

    Attributes:
        found: Column currents, [batch, col]. [A]
        wanted: What they should be, [batch, col]. [A]
        scale: Full scale. [A]
    """

    found: Array
    wanted: Array
    scale: float

    def gain(self, measure: Measure) -> Array:
        """Return the gain of each column, [col]; ones for the raw currents. [1]

        The least-squares gain brings the column nearest to what is wanted.
        """
        power: Array = np.sum(self.found**2, axis=0)
        if measure == "raw":
            return np.ones_like(power)
        together = (self.found * self.wanted).sum(axis=0)
        return np.asarray(np.divide(together, power, out=np.ones_like(power), where=power > 0))

    def errors(self, measure: Measure) -> Array:
        """Return the error of every output as a share of full scale, [batch, col]. [1]"""
        return np.asarray((self.gain(measure) * self.found - self.wanted) / self.scale)

    def summary(self) -> DesignError:
        """Return largest and root-mean-square errors."""
        raw, gain = self.errors("raw"), self.errors("gain")
        return DesignError(_largest(raw), _rms(raw), _largest(gain), _rms(gain))


def _largest(error: Array) -> float:
    return float(np.abs(error).max())


def _rms(error: Array) -> float:
    return float(np.sqrt(np.mean(error**2)))


def compare(found: Array, wanted: Array) -> Comparison:
    """Compare currents [batch, col]; full scale is the largest wanted one."""
    return Comparison(found, wanted, float(np.abs(wanted).max()) or 1.0)


def try_design(
    design: ArrayDesign, conductance: Array, v_row: Array, *, of_signal: bool = False
) -> Comparison:
    """Compare one array's columns with those of the same cells without wires.

    Full scale is the largest current without wires; with ``of_signal`` the largest one above that
    of cells at g_min: what a low ON/OFF ratio leaves for the weights.
    """
    wanted = wireless_currents(design, conductance, v_row)
    found = column_currents(design, conductance, v_row)
    if not of_signal:
        return compare(found, wanted)
    lowest = np.full_like(conductance, design.device.g_min)
    signal = wanted - wireless_currents(design, lowest, v_row)
    return Comparison(found, wanted, float(np.abs(signal).max()) or 1.0)


def design_error(design: ArrayDesign, sample: Sample, *, of_signal: bool = False) -> DesignError:
    """Return the worst errors over the sample's arrays: largest maximum, largest rms."""
    v_row = sample.inputs(design)
    found = [
        try_design(design, sample.conductance(design, k), v_row, of_signal=of_signal).summary()
        for k in range(sample.arrays)
    ]
    names = ("raw", "raw_rms", "gain", "gain_rms")
    return DesignError(*(max(getattr(error, name) for error in found) for name in names))
