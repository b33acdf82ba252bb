"""This module is which tiles and time-steps of a network go to ngspice."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from xbarsim.errors import ParameterError
from xbarsim.parameters import TransientParams
from xbarsim.parameters.base import Parameters
from xbarsim.units import Count


class CosimParams(Parameters):
    """What is simulated in ngspice; everything by default."""

    mode: Literal["watch", "inject"] = "watch"
    """``watch`` compares currents; ``inject`` also puts ngspice's in place of the fast model's."""
    layers: tuple[str, ...] = ()
    """Names of the layers; all that stand on crossbars by default."""
    tiles: Count | None = None
    """Tiles per layer, drawn evenly over the layer; all by default."""
    steps: tuple[int, ...] = ()
    """Time-steps, counted from 0; all by default."""
    vectors: Count | None = None
    """Most distinct input vectors (in time: spike trains) per tile and call, drawn at random; all by
    default."""
    transient: TransientParams | None = None
    """Pulses and capacitances: spike trains go to ngspice in time; static by default. Steps that are
    not simulated are left out of the trains."""
    sampled: bool = False
    """What a step gives in time: the current at the sampling time, or the mean over the pulse, as an
    integrating amplifier sees it."""
    seed: int = 0
    """Seed of what is drawn."""

    def chosen_tiles(self, n_tiles: int, layer: int) -> list[int]:
        """Return tiles of a layer: one from each of ``tiles`` even parts (a stratified sample)."""
        if self.tiles is None or self.tiles >= n_tiles:
            return list(range(n_tiles))
        draw = np.random.default_rng([self.seed, layer])
        edges = np.linspace(0, n_tiles, self.tiles + 1)
        return [int(draw.integers(int(a), max(int(b), int(a) + 1))) for a, b in _pairs(edges)]

    def at(self, step: int) -> bool:
        """Whether a time-step is simulated."""
        return not self.steps or step in self.steps

    def check(self, names: Sequence[str], steps: int) -> None:
        """Refuse names and steps that do not exist.

        Raises:
            ParameterError: Naming the layers and steps that there are.
        """
        strange = set(self.layers) - set(names)
        if strange:
            msg = f"layers names {sorted(strange)}; layers on crossbars are {', '.join(names)}"
            raise ParameterError(msg)
        late = [step for step in self.steps if not 0 <= step < max(steps, 1)]
        if late:
            msg = f"steps names {late}; the simulation has time-steps 0 to {max(steps, 1) - 1}"
            raise ParameterError(msg)
        if self.mode == "inject" and self.vectors is not None:
            msg = "vectors is set with mode 'inject', which replaces every current; leave it out"
            raise ParameterError(msg)


def _pairs(edges: np.ndarray) -> list[tuple[float, float]]:
    return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
