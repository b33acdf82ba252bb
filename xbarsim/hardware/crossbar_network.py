"""This module is the step from a network to the same network on crossbars."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from xbarsim.errors import ParameterError
from xbarsim.exchange import as_network
from xbarsim.hardware.chip import Chip
from xbarsim.hardware.drivers import CrossbarLayer, RoundedInput, Source, check_drivers
from xbarsim.hardware.gate import Gate
from xbarsim.mapping import Gain, MappingSpec, StaticModel, program_layer, read_layer
from xbarsim.parameters import CrossbarParams, DeviceParams, EffectParams
from xbarsim.validation import ValidationRecord


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
    gain: Gain | None = None,
    compensated: bool = False,
    mapping: MappingSpec | None = None,
    effects: EffectParams | None = None,
    seconds: float | None = None,
    ir_drop: StaticModel = "exact",
    encoder: Source = "poisson",
    seed: int = 0,
    chip: int = 0,
    on_tile: Callable[[int], None] | None = None,
) -> nn.Module:
    """Return a copy of a network whose convolutions and linear layers run on crossbars.

    Weights are cut into tiles, written into cells between g_min and g_max with the chip's effects,
    passed through the model of the array, scaled by the read-out gain, and put back. Biases stay
    digital. What does not change from read to read is merged into one weight a layer, so that
    inference costs what plain torch costs.

    Args:
        network: Any network of torch, snnTorch, SpikingJelly or Norse; it is not changed.
        crossbar: Size of a tile (unless the mapping says another) and its resistances. [Ω]
        device: Conductance range and variation. [S]
        record: Evidence that covers these arrays, or where it is; by default it is looked for in
            ``validation/records`` and among the shipped ones.
        allow_unvalidated: Go on without such evidence; ``layer_summaries`` then says so.
        gain: Read-out gain instead of the mapping's: ``none``, ``layer``, ``tile`` or ``column``.
        compensated: Program conductances that make up for IR drop, without retraining.
        mapping: How weights become conductances, and what drives the rows.
        effects: Laws of variation, drift and stuck cells; by default the device's sigma.
        seconds: Time since programming, when there is drift. [s]
        ir_drop: What the wires do: ``exact``, ``closed_form`` or ``ideal``.
        encoder: What makes the network's input, for the check of the drivers.
        seed: Seed of the chips' effects.
        chip: Number of the chip; each has its own cells.
        on_tile: Called with the number of arrays just solved.

    Returns:
        The new network; ``layer_summaries`` tells what happened to each layer.

    Raises:
        OutOfValidatedRangeError: If no record covers the arrays; it says the command that makes one.
        ParameterError: If the network has no layer that a crossbar can hold, or one of them gets
            inputs that the drivers cannot drive.
    """
    spec = mapping or MappingSpec()
    spec = spec.replace(
        **({"gain": gain} if gain else {}), **({"compensated": True} if compensated else {})
    )
    if spec.tile is not None:
        crossbar = crossbar.replace(rows=spec.tile[0], cols=spec.tile[1])
    gate = Gate(record, crossbar, device, ir_drop, allow_unvalidated)
    gate.open()
    result = copy.deepcopy(as_network(network))
    layers, digital = _chosen(result, spec)
    check_drivers(result, spec.driver, encoder, digital)
    cells = Chip(device, effects, seconds, seed, chip)
    summaries = []
    for index, (name, layer) in layers.items():
        programmed = program_layer(
            layer.weight.detach().double().numpy(force=True), crossbar, device, spec,
            cells.programming(index), groups=getattr(layer, "groups", 1), on_tile=on_tile,
        )  # fmt: skip
        mapped = read_layer(
            programmed, crossbar, gain=spec.gain, spec=spec, model=ir_drop, on_tile=on_tile
        )
        stamp = gate.stamp(mapped.conductance_range)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(mapped.weight))
        summaries.append(LayerSummary(name, mapped.plan.n_tiles, mapped.raw_gain, stamp))
        if spec.driver.rounding:
            result = _put(result, name, RoundedInput(layer, spec.driver))
    result.layer_summaries = tuple(summaries)  # type: ignore[assignment]
    return result


def _chosen(
    network: nn.Module, spec: MappingSpec
) -> tuple[dict[int, tuple[str, CrossbarLayer]], set[str]]:
    """Return the layers that go on crossbars, by their number, and the names of digital ones."""
    layers = [(n, m) for n, m in network.named_modules() if isinstance(m, CrossbarLayer)]
    if not layers:
        msg = "the network has no Linear, Conv1d or Conv2d layer to put on a crossbar"
        raise ParameterError(msg)
    names = [name for name, _ in layers]
    ends = {"first": names[0], "last": names[-1]}
    digital = {ends.get(name, name) for name in spec.digital}
    if digital - set(names):
        msg = (
            f"digital names {sorted(digital - set(names))}, but the layers are {', '.join(names)}; "
            "use their names, 'first' or 'last'"
        )
        raise ParameterError(msg)
    chosen = {k: pair for k, pair in enumerate(layers) if pair[0] not in digital}
    return chosen, digital


def _put(network: nn.Module, name: str, layer: nn.Module) -> nn.Module:
    """Return the network with the module called ``name`` replaced."""
    if not name:
        return layer
    network.set_submodule(name, layer)
    return network


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
