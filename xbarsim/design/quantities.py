"""This module is what a designer may turn: tile size, wires, lowest resistance, ON/OFF ratio."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from xbarsim.design.array import ArrayDesign

_LARGEST = {"matrix": 256, "patterns": 128, "state": 128, "nodal": 32}
_SIZES = (8, 12, 16, 24, 32, 48, 64, 96, 128)
_FEW_SIZES = (8, 16, 32, 48, 64)
_SPAN = 10.0


@dataclass(frozen=True)
class Quantity:
    """One property of a design, and where to look for its limit.

    Attributes:
        name: Name in tables and files.
        title: What the limit is called.
        unit: Its unit.
        easy: End of the search where the columns' error is small.
        hard: End of the search where it is large.
        now: Value in the design as given.
        apply: Return the design with the value changed.
        whole: Whether only whole numbers make sense.
        of_signal: Whether full scale is the signal above cells at g_min.
    """

    name: str
    title: str
    unit: str
    easy: float
    hard: float
    now: float
    apply: Callable[[float], ArrayDesign]
    whole: bool = False
    of_signal: bool = False


def quantities(design: ArrayDesign) -> tuple[Quantity, ...]:
    """Return the four quantities of a design whose limits are asked for."""
    largest = max(_LARGEST[design.method], *design.crossbar.shape)
    return (
        Quantity(
            "size", "largest tile", "", 2, largest, max(design.crossbar.shape),
            lambda n: design.sized(int(n), int(n)), whole=True,
        ),
        Quantity(
            "wire", "largest wire", "Ω", 1e-3, 1e4,
            mean_wire(design), lambda ohm: with_wires(design, ohm),
        ),
        Quantity(
            "r_min", "smallest R_MIN", "Ω", 1e9, 1e2, 1 / design.device.g_max,
            lambda ohm: design.ranged(r_min=ohm),
        ),
        Quantity(
            "ratio", "lowest ON/OFF", "",
            1e6, 1.01, design.device.on_off_ratio, lambda x: design.ranged(ratio=x),
            of_signal=True,
        ),
    )  # fmt: skip


def mean_wire(design: ArrayDesign) -> float:
    """Return the mean resistance of a word-line and a bit-line segment. [Ω]"""
    return (design.crossbar.r_wire_row + design.crossbar.r_wire_col) / 2


def with_wires(design: ArrayDesign, mean: float) -> ArrayDesign:
    """Return the design with wires of this mean [Ω], their ratio kept; equal ones when both are 0."""
    row, col = design.crossbar.r_wire_row, design.crossbar.r_wire_col
    now = mean_wire(design)
    shares = (row / now, col / now) if now > 0 else (1.0, 1.0)
    return design.wired(r_wire_row=shares[0] * mean, r_wire_col=shares[1] * mean)


def grid_values(quantity: Quantity, design: ArrayDesign) -> list[float]:
    """Return the values of a quantity for a map around the design."""
    many = design.method in ("matrix", "patterns")
    points = 9 if many else 5
    if quantity.name == "size":
        chosen = _SIZES if many else _FEW_SIZES
        return [float(n) for n in chosen if n <= _LARGEST[design.method]]
    if quantity.name == "ratio":
        return [float(x) for x in np.geomspace(1.5, 150.0, points)]
    middle = quantity.now or 1.0
    return [float(x) for x in np.geomspace(middle / _SPAN, middle * _SPAN, points)]
