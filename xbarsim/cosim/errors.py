"""This module is the error of the fast model per layer, with intervals over tiles."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from xbarsim.cosim.site import TileErrors

_RESAMPLES = 500


@dataclass(frozen=True)
class LayerErrors:
    """Fast model against ngspice on a layer's own inputs, relative to each tile's full scale.

    Attributes:
        layer: Name of the layer.
        tiles: Tiles that were compared.
        outputs: Column differences that were compared.
        max_error: Largest |fast - ngspice|.
        rms: Root mean square over all outputs.
        rms_interval: 95 % interval of it, resampling whole tiles; None for a single one.
        bias: Mean.
    """

    layer: str
    tiles: int
    outputs: int
    max_error: float
    rms: float
    rms_interval: tuple[float, float] | None
    bias: float

    def summary(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        return asdict(self)


def layer_errors(seen: list[TileErrors], *, seed: int = 0) -> list[LayerErrors]:
    """Return one line for each layer, in the order in which they were seen."""
    names = dict.fromkeys(tile.layer for tile in seen)
    return [_one([t for t in seen if t.layer == name], seed) for name in names]


def _one(tiles: list[TileErrors], seed: int) -> LayerErrors:
    flat = [tile.error.ravel() for tile in tiles]
    everything = np.concatenate(flat)
    squares = np.array([(values**2).sum() for values in flat])
    counts = np.array([values.size for values in flat])
    draw = np.random.default_rng(seed).integers(0, len(flat), (_RESAMPLES, len(flat)))
    again = np.sqrt(squares[draw].sum(axis=1) / counts[draw].sum(axis=1))
    low, high = np.quantile(again, [0.025, 0.975]).tolist()
    interval = (low, high) if len(flat) > 1 else None
    return LayerErrors(
        layer=tiles[0].layer,
        tiles=len({tile.tile for tile in tiles}),
        outputs=int(counts.sum()),
        max_error=float(np.abs(everything).max()),
        rms=float(np.sqrt((everything**2).mean())),
        rms_interval=interval,
        bias=float(everything.mean()),
    )
