"""This module is the first question: which of the four resistances costs most?"""

from collections.abc import Callable
from dataclasses import dataclass

from xbarsim.design.array import ArrayDesign
from xbarsim.design.errors import DesignError, design_error
from xbarsim.design.sample import Sample

RESISTANCES = ("r_driver", "r_wire_row", "r_wire_col", "r_sense")


@dataclass(frozen=True)
class ResistanceCost:
    """What one resistance does to the columns.

    Attributes:
        name: Which of the four.
        ohm: Its value. [Ω]
        alone: Error with this one only, the three others zero.
        without: Error with the three others only.
    """

    name: str
    ohm: float
    alone: DesignError
    without: DesignError


@dataclass(frozen=True)
class ResistanceCosts:
    """All four, dearest first by the error that they make alone, and the error of all together."""

    together: DesignError
    each: tuple[ResistanceCost, ...]


def resistance_costs(
    design: ArrayDesign, sample: Sample, on_step: Callable[[str], None] = lambda _: None
) -> ResistanceCosts:
    """Put in each resistance alone, and take out each alone, and measure the columns' error."""
    together = design_error(design, sample)
    on_step("resistances")
    costs = []
    for name in RESISTANCES:
        others = {other: 0.0 for other in RESISTANCES if other != name}
        alone = design_error(design.wired(**others), sample)
        without = design_error(design.wired(**{name: 0.0}), sample)
        costs.append(ResistanceCost(name, getattr(design.crossbar, name), alone, without))
        on_step("resistances")
    dearest = sorted(costs, key=lambda cost: -cost.alone.raw)
    return ResistanceCosts(together, tuple(dearest))
