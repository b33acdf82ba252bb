"""This module is the step from a network to the same network on crossbars."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from xbarsim.errors import ParameterError
from xbarsim.hardware.licence import find_licence, layer_licence
from xbarsim.mapping import Gain, chip_generator, map_weights
from xbarsim.parameters import CrossbarParams, DeviceParams
from xbarsim.validation import ValidationRecord

CROSSBAR_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d)


@dataclass(frozen=True)
class LayerSummary:
    """What happened to one layer.

    Attributes:
        name: Name of the layer in the network.
        n_tiles: Tiles it takes (each holds a positive and a negative array).
        raw_gain: Least-squares scale that raw currents would need; 1 means no loss.
        validated: Name of the record that covers it, or "unvalidated".
    """

    name: str
    n_tiles: int
    raw_gain: float
    validated: str


def to_crossbar(
    network: nn.Module,
    crossbar: CrossbarParams,
    device: DeviceParams,
    *,
    record: ValidationRecord | Path | None = None,
    allow_unvalidated: bool = False,
    gain: Gain = "column",
    compensated: bool = False,
    seed: int = 0,
    chip: int = 0,
    on_tile: Callable[[int], None] | None = None,
) -> nn.Module:
    """Return a copy of a network whose convolutions and linear layers run on crossbars.

    Weights are cut into tiles, written as differential pairs between g_min and g_max with the
    chip's programming variation, passed through the exact model of the array, scaled by the
    read-out gain, and put back. Biases stay digital. Inference costs what plain torch costs.

    Args:
        network: Any network; it is not changed.
        crossbar: Size of a tile and its resistances. [Ω]
        device: Conductance range and variation. [S]
        record: Evidence that covers these arrays, or where it is; by default it is looked for in
            ``validation/records`` and among the shipped ones.
        allow_unvalidated: Go on without such evidence; ``layer_summaries`` then says so.
        gain: Read-out gain: ``none``, ``layer``, ``tile`` or ``column``.
        compensated: Program conductances that make up for IR drop, without retraining.
        seed: Seed of the chips' variation.
        chip: Number of the chip; each has its own variation.
        on_tile: Called with the number of arrays just solved.

    Returns:
        The new network; ``layer_summaries`` tells what happened to each layer.

    Raises:
        OutOfValidatedRangeError: If no record covers the arrays; it says the command that makes one.
        ParameterError: If the network has no layer that a crossbar can hold, or a grouped one.
    """
    licence = find_licence(record, crossbar, device, allow_unvalidated=allow_unvalidated)
    result = copy.deepcopy(network)
    layers = [(n, m) for n, m in result.named_modules() if isinstance(m, CROSSBAR_LAYERS)]
    if not layers:
        msg = "the network has no Linear, Conv1d or Conv2d layer to put on a crossbar"
        raise ParameterError(msg)
    summaries = []
    for index, (name, layer) in enumerate(layers):
        _refuse_groups(name, layer)
        weight = layer.weight.detach().double().numpy(force=True)
        generator = chip_generator(seed, chip, index)
        mapped = map_weights(
            weight, crossbar, device, generator,
            gain=gain, compensated=compensated, on_tile=on_tile,
        )  # fmt: skip
        stamp = layer_licence(
            record, licence, crossbar, device, mapped.conductance_range,
            allow_unvalidated=allow_unvalidated,
        )  # fmt: skip
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(mapped.weight))
        summaries.append(LayerSummary(name, mapped.plan.n_tiles, mapped.raw_gain, stamp))
    result.layer_summaries = tuple(summaries)  # type: ignore[assignment]
    return result


def layer_summaries(network: nn.Module) -> tuple[LayerSummary, ...]:
    """Return what ``to_crossbar`` did to each layer of the network that it returned.

    Raises:
        ParameterError: If the network does not come from ``to_crossbar``.
    """
    summaries = getattr(network, "layer_summaries", None)
    if not isinstance(summaries, tuple):
        msg = "this network was not made by to_crossbar, so nothing is known about its layers"
        raise ParameterError(msg)
    return summaries


def _refuse_groups(name: str, layer: nn.Module) -> None:
    groups = getattr(layer, "groups", 1)
    if groups != 1:
        msg = f"layer {name!r} has groups={groups}; split it into one layer per group first"
        raise ParameterError(msg)
