"""This module is under what a network is measured: tile, gain, variation, wires, thresholds."""

from typing import Literal

from pydantic import Field

from xbarsim.mapping import Gain
from xbarsim.parameters.base import Parameters
from xbarsim.study.rows import StudyMethod
from xbarsim.units import Count


class Condition(Parameters):
    """One way to put a network on chips."""

    tile: Count
    """Rows and columns of a tile."""
    gain: Gain = "column"
    """Read-out gain."""
    variation: bool = True
    """Whether cells differ from what was programmed, with the device's sigma."""
    wires: bool = True
    """Whether wires, drivers and sense amplifiers resist."""
    compensated: bool = False
    """Whether conductances are programmed that make up for IR drop."""
    thresholds: Literal["software", "chip"] = "software"
    """Whether thresholds are those of the software network or searched again on the chip."""

    adaptation: int = Field(default=0, ge=0)
    """Training images forwarded on the chip to adapt batch norms (the paper's Section IV-E)."""

    @property
    def plain(self) -> dict[str, object]:
        """The condition as data; defaults are left out, so that a new field changes no old key."""
        return self.model_dump(exclude_defaults=True)

    def suits(self, method: StudyMethod) -> bool:
        """Whether the condition means anything to a network that learned by ``method``."""
        if self.thresholds == "chip" and method != "conversion":
            return False
        return not self.adaptation or method == "BNTT"

    @property
    def words(self) -> str:
        """The condition in a few words."""
        parts = [f"{self.tile}x{self.tile}", f"gain {self.gain}"]
        parts += ["compensated"] if self.compensated else []
        parts += [] if self.variation else ["no variation"]
        parts += [] if self.wires else ["no wires"]
        parts += ["thresholds from the chip"] if self.thresholds == "chip" else []
        parts += [f"norms adapted on {self.adaptation} images"] if self.adaptation else []
        return ", ".join(parts)
