"""This module is what stands behind a layer's converters: a scale and an offset of every output."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from xbarsim.errors import ParameterError
from xbarsim.hardware.drivers import CrossbarLayer, RoundedInput
from xbarsim.hardware.spikes import SpikesOnly
from xbarsim.hardware.tiled import TiledLayer


def merged_layer(placed: nn.Module) -> CrossbarLayer | None:
    """Return the layer that has one weight for all of its tiles, if this is one."""
    layer = placed.layer if isinstance(placed, RoundedInput | SpikesOnly) else placed
    return layer if isinstance(layer, CrossbarLayer) else None


def scale_outputs(placed: nn.Module, scale: Tensor, offset: Tensor) -> None:
    r"""Make a layer give $a_c y_c + b_c$ for every output or channel c, in place.

    Both go into weights and bias, of layers that are read tile by tile into the digital scale of every
    column, behind converters and noise, so that they cost no time.

    Args:
        placed: What ``to_crossbar`` put in a layer's place.
        scale: a, [output].
        offset: b, [output].

    Raises:
        ParameterError: If the layer is of another kind, say one that asks ngspice.
    """
    tiled = placed if isinstance(placed, TiledLayer) else None
    layer = merged_layer(placed) if tiled is None else tiled.layer
    if layer is None:
        msg = (
            f"outputs of {type(placed).__name__} cannot be scaled; take a network as to_crossbar "
            "makes it, before its layers are wrapped"
        )
        raise ParameterError(msg)
    if tiled is not None:
        columns = tiled.wiring.columns.reshape(-1, tiled.wiring.columns.shape[-1])
        factor = np.where(columns < 0, 1.0, scale.numpy(force=True)[columns])
        bank = tiled.bank
        tiled.bank = replace(bank, scale=(bank.scale * factor).astype(np.float32))
    _fold(layer, scale, offset)


def _fold(layer: CrossbarLayer, scale: Tensor, offset: Tensor) -> None:
    """Scale weight and bias of a layer, and add the offset to its bias."""
    with torch.no_grad():
        a, b = (each.to(layer.weight) for each in (scale, offset))
        layer.weight.mul_(a.reshape(-1, *[1] * (layer.weight.dim() - 1)))
        bias = b if layer.bias is None else a * layer.bias + b
        layer.bias = nn.Parameter(bias, requires_grad=False)
