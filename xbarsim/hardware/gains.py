"""This module is one chip under several read-out gains: its arrays are solved once."""

import copy
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from xbarsim.hardware.crossbar_network import Wrap, to_crossbar
from xbarsim.hardware.drivers import CrossbarLayer
from xbarsim.hardware.outputs import merged_layer
from xbarsim.mapping import Gain, MappedLayer, MappingSpec, ProgrammedLayer
from xbarsim.mapping.gain import readout_gain
from xbarsim.parameters import CrossbarParams, DeviceParams

Raw = dict[str, tuple[NDArray[np.float64], MappedLayer]]


def to_crossbar_gains(
    network: nn.Module,
    crossbar: CrossbarParams,
    device: DeviceParams,
    gains: Sequence[Gain],
    *,
    mapping: MappingSpec | None = None,
    wrap: Wrap | None = None,
    **options: Any,  # noqa: ANN401
) -> dict[Gain, nn.Module]:
    """Return a network on one chip by gain; each is what ``to_crossbar`` gives with that gain.

    Layers that are read tile by tile hold their gain in every tile, so these are solved once a gain;
    so are all where each bit line has a gain of its own.

    Args:
        network: The network.
        crossbar: Size of a tile and its resistances. [Ω]
        device: Conductance range and variation. [S]
        gains: Read-out gains.
        mapping: How weights become conductances; its gain does not count.
        wrap: See ``to_crossbar``; it sees the weights without a gain.
        options: Further arguments of ``to_crossbar``.
    """
    raw: Raw = {}

    def keep(
        name: str,
        layer: CrossbarLayer,
        read: nn.Module,
        programmed: ProgrammedLayer,
        mapped: MappedLayer,
    ) -> nn.Module:
        raw[name] = (programmed.target, mapped)
        return read if wrap is None else wrap(name, layer, read, programmed, mapped)

    spec = (mapping or MappingSpec()).replace(gain="none")
    found: dict[Gain, nn.Module] = {}
    scaled = [gain for gain in gains if gain != "bitline"]
    if scaled:
        plain = to_crossbar(network, crossbar, device, mapping=spec, wrap=keep, **options)
        if all(merged_layer(plain.get_submodule(name)) for name in raw):
            found = {gain: _scaled(plain, raw, gain) for gain in scaled}
    options |= {"wrap": wrap}
    return found | {
        gain: to_crossbar(network, crossbar, device, mapping=spec.replace(gain=gain), **options)
        for gain in gains
        if gain not in found
    }


def _scaled(plain: nn.Module, raw: Raw, gain: Gain) -> nn.Module:
    """Return a copy of a network without gain whose layers are read with one."""
    result = copy.deepcopy(plain)
    for name, (target, mapped) in raw.items():
        layer = merged_layer(result.get_submodule(name))
        measured = mapped.plan.cut(mapped.weight)
        weight = mapped.plan.join(measured * readout_gain(target, measured, gain))
        with torch.no_grad():
            cast("CrossbarLayer", layer).weight.copy_(torch.from_numpy(weight))
    return result
