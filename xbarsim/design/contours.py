"""This module is the maps: error against wire resistance and one more quantity."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbarsim.design.array import ArrayDesign
from xbarsim.design.errors import design_error
from xbarsim.design.quantities import Quantity, grid_values, quantities, with_wires
from xbarsim.design.sample import Sample

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ErrorMap:
    """Errors on a grid.

    Attributes:
        quantity: What changes along x.
        x: Its values.
        wire: Mean wire resistance of a segment, along y. [Ω]
        raw: Largest error of full scale, [wire, x]. [1]
        gain: The same after column gain.
    """

    quantity: Quantity
    x: Array
    wire: Array
    raw: Array
    gain: Array


def error_maps(
    design: ArrayDesign, sample: Sample, on_step: Callable[[str], None] = lambda _: None
) -> tuple[ErrorMap, ...]:
    """Map size, R_MIN and ON/OFF ratio, each against wire resistance."""
    every = quantities(design)
    wire = next(q for q in every if q.name == "wire")
    ohms = np.array(grid_values(wire, design))
    maps = []
    for quantity in every:
        if quantity.name == "wire":
            continue
        x = np.array(grid_values(quantity, design))
        errors = np.zeros((2, len(ohms), len(x)))
        for k, value in enumerate(x):
            for m, ohm in enumerate(ohms):
                point = with_wires(quantity.apply(float(value)), float(ohm))
                found = design_error(point, sample, of_signal=quantity.of_signal)
                errors[:, m, k] = found.raw, found.gain
            on_step(f"map of {quantity.name}")
        maps.append(ErrorMap(quantity, x, ohms, errors[0], errors[1]))
    return tuple(maps)


def map_steps(design: ArrayDesign) -> int:
    """Return how often ``error_maps`` reports a step."""
    return sum(len(grid_values(q, design)) for q in quantities(design) if q.name != "wire")
