"""This module is under what a network is measured: arrays, chip, read-out, and what cures it."""

from typing import Any, Literal

from pydantic import Field

from xbarsim.mapping import Gain
from xbarsim.parameters.base import Parameters
from xbarsim.study.rows import StudyMethod
from xbarsim.units import Count

_DESIGN = ("tile", "compensated", "order", "scale", "training")


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
    thresholds: Literal["software", "chip", "matched"] = "software"
    """Thresholds of the software network; or searched again on the chip, as Algorithm 1 does; or
    scaled layer by layer to the drive that the chip gives."""
    samples: Count = 256
    """Training images on which thresholds are searched or matched."""
    corrected: int = Field(default=0, ge=0)
    """Training images on which every output gets a digital scale and offset."""
    adaptation: int = Field(default=0, ge=0)
    """Training images forwarded on the chip to adapt batch norms (the paper's Section IV-E)."""
    training: int = Field(default=0, ge=0)
    """Updates of training through the arrays of other chips than those that are measured."""
    order: Literal["natural", "strong_near"] = "natural"
    """Order of rows and columns."""
    scale: Literal["layer", "tile"] = "layer"
    """Whose largest weight gets the highest conductance."""

    @property
    def plain(self) -> dict[str, object]:
        """The condition as data; defaults are left out, so that a new field changes no old key."""
        return self.model_dump(exclude_defaults=True)

    @property
    def design(self) -> tuple[Any, ...]:
        """What decides how cells are programmed and wired; the same for all chips."""
        return (*(getattr(self, name) for name in _DESIGN), self.gain if self.training else "")

    @property
    def programming(self) -> tuple[Any, ...]:
        """What decides what the tiles of a chip apply, before any gain."""
        return (*self.design, self.variation, self.wires)

    @property
    def raw(self) -> "Condition":
        """The same hardware without any cure."""
        return Condition(
            tile=self.tile, gain="none", variation=self.variation, wires=self.wires
        )  # fmt: skip

    def suits(self, method: StudyMethod) -> bool:
        """Whether the condition means anything to a network that learned by ``method``."""
        if self.thresholds == "chip" and method != "conversion":
            return False
        if self.thresholds == "matched" and method == "ANN":
            return False
        return not self.adaptation or method == "BNTT"

    @property
    def words(self) -> str:
        """The condition in a few words."""
        return ", ".join([f"{self.tile}x{self.tile}", *self._parts()])

    def _parts(self) -> list[str]:
        """Say gain, what was done, and what is left out of the hardware."""
        parts = [f"gain {self.gain}"]
        parts += ["rows and columns ordered"] if self.order != "natural" else []
        parts += ["scaled by tile"] if self.scale == "tile" else []
        parts += ["compensated"] if self.compensated else []
        parts += [] if self.variation else ["no variation"]
        parts += [] if self.wires else ["no wires"]
        parts += [f"outputs corrected on {self.corrected} images"] if self.corrected else []
        parts += ["thresholds from the chip"] if self.thresholds == "chip" else []
        parts += ["thresholds matched"] if self.thresholds == "matched" else []
        parts += [f"norms adapted on {self.adaptation} images"] if self.adaptation else []
        parts += [f"trained through {self.training} updates"] if self.training else []
        return parts

    @property
    def needs(self) -> str:
        """What the condition takes beyond raw currents: test vectors, images, programming."""
        parts = [] if self.gain == "none" else ["test vectors"]
        parts += ["wiring"] if self.order != "natural" else []
        parts += ["programming"] if self.compensated else []
        parts += [f"{self.corrected} images"] if self.corrected else []
        parts += [f"{self.samples} images"] if self.thresholds != "software" else []
        parts += [f"{self.adaptation} images"] if self.adaptation else []
        parts += [f"{self.training} updates with labels"] if self.training else []
        return ", ".join(parts) or "nothing"
