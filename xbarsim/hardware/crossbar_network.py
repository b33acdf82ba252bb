"""This module is the step from a network to the same network on crossbars."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from torch import nn

from xbarsim.errors import ParameterError
from xbarsim.exchange import as_network
from xbarsim.hardware.chip import Chip
from xbarsim.hardware.drivers import CrossbarLayer, Source, check_drivers
from xbarsim.hardware.gate import Gate
from xbarsim.hardware.merge import read_layer
from xbarsim.hardware.reading import ReadParams
from xbarsim.hardware.spikes import check_spikes, settled
from xbarsim.hardware.summary import ArraySummary, LayerSummary
from xbarsim.mapping import (
    Gain,
    MappedLayer,
    MappingSpec,
    ProgrammedLayer,
    plan_layer,
    write_layer,
)
from xbarsim.parameters import CrossbarParams, DeviceParams, EffectParams
from xbarsim.validation import ValidationRecord

Wrap = Callable[[str, CrossbarLayer, nn.Module, ProgrammedLayer, MappedLayer], nn.Module]


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
    reading: ReadParams | None = None,
    encoder: Source = "poisson",
    seed: int = 0,
    chip: int = 0,
    on_tile: Callable[[int], None] | None = None,
    wrap: Wrap | None = None,
    targets: Mapping[str, ProgrammedLayer] | None = None,
) -> nn.Module:
    """Return a copy of a network whose convolutions and linear layers run on crossbars.

    Weights are cut into tiles, written into cells between g_min and g_max with the chip's effects,
    passed through the model of the array, scaled by the read-out gain, and put back. Biases stay
    digital. What does not change from read to read is merged into one weight a layer, fitted
    matrices of nonlinear cells too, so that inference costs what plain torch costs. Converters, read
    noise and the activity model make layers that are read tile by tile (on the CPU, without
    gradients); see ``TiledLayer``.

    Args:
        network: Any network of torch, snnTorch, SpikingJelly or Norse; it is not changed.
        crossbar: Size of a tile (unless the mapping says another) and its resistances. [Ω]
        device: Conductance range and variation. [S]
        record: Evidence that covers these arrays, or where it is; by default it is looked for in
            ``validation/records`` and among the shipped ones.
        allow_unvalidated: Go on without such evidence; ``layer_summaries`` then says so.
        gain: Read-out gain instead of the mapping's: ``none``, ``layer``, ``tile``, ``column`` or
            ``bitline``.
        compensated: Program conductances that make up for IR drop, without retraining.
        mapping: How weights become conductances, and what drives the rows.
        effects: Laws of variation, drift and stuck cells; by default the device's sigma.
        seconds: Time since programming, when there is drift. [s]
        reading: What wires, cells, noise and converters do to every read; exact wires and linear
            cells by default.
        encoder: What makes the network's input, for the check of the drivers.
        seed: Seed of the chips' effects.
        chip: Number of the chip; each has its own cells.
        on_tile: Called with the number of arrays just solved.
        wrap: Gets name, layer, what reads it, its cells and its weights; returns what is to stand
            in the new network, for instance a layer that also asks ngspice.
        targets: What ``write_targets`` made of the same network, arrays and mapping, so that many
            chips of one network share it; worked out here by default.

    Returns:
        The new network; ``layer_summaries`` tells what happened to each layer.

    Raises:
        OutOfValidatedRangeError: If no record covers the arrays; it says the command that makes one.
        ParameterError: If the network has no layer that a crossbar can hold, or one of them gets
            inputs that the drivers cannot drive, or that nonlinear cells cannot take.
    """
    spec = mapping or MappingSpec()
    spec = spec.replace(
        **({"gain": gain} if gain else {}), **({"compensated": True} if compensated else {})
    )
    if spec.tile is not None:
        crossbar = crossbar.replace(rows=spec.tile[0], cols=spec.tile[1])
    how = settled(reading or ReadParams(), device)
    gate = Gate(record, crossbar, device, how, allow_unvalidated)
    gate.open()
    result = copy.deepcopy(as_network(network))
    layers, digital = _chosen(result, spec)
    check_drivers(result, spec.driver, encoder, digital)
    check_spikes(result, how, spec.driver, encoder, digital)
    cells = Chip(device, effects, seconds, seed, chip)
    summaries = []
    for index, (name, layer) in layers.items():
        written = targets[name] if targets else _written(layer, crossbar, device, spec, on_tile)
        programmed = replace(written, conductance=cells.programming(index)(written.conductance))
        read, mapped = read_layer(
            layer, programmed, crossbar, spec, how,
            cells.read_noise, seed=cells.read_seed(index), on_tile=on_tile,
        )  # fmt: skip
        stamp = gate.stamp(mapped.conductance_range)
        placed = read if wrap is None else wrap(name, layer, read, programmed, mapped)
        result = _put(result, name, placed)
        residual = mapped.residual if spec.compensated else None
        kept = mapped.kept_gain if spec.compensated else None
        summary = LayerSummary(
            name, mapped.plan.n_tiles, mapped.raw_gain, stamp, residual, kept, mapped.fit_error
        )
        summaries.append(summary)
    result.layer_summaries = tuple(summaries)  # type: ignore[assignment]
    result.array_summary = ArraySummary(crossbar, device, spec, how, chip)  # type: ignore[assignment]
    return result


def write_targets(
    network: nn.Module,
    crossbar: CrossbarParams,
    device: DeviceParams,
    mapping: MappingSpec,
    *,
    on_tile: Callable[[int], None] | None = None,
) -> dict[str, ProgrammedLayer]:
    """Return by layer what the cells of every chip of a network are to be programmed with.

    Orders and compensation are worked out here, once for all chips; the arguments are those of
    ``to_crossbar``, which takes the result as ``targets``.
    """
    if mapping.tile is not None:
        crossbar = crossbar.replace(rows=mapping.tile[0], cols=mapping.tile[1])
    layers, _ = _chosen(as_network(network), mapping)
    return {
        name: _written(layer, crossbar, device, mapping, on_tile) for name, layer in layers.values()
    }


def _written(
    layer: CrossbarLayer,
    crossbar: CrossbarParams,
    device: DeviceParams,
    spec: MappingSpec,
    on_tile: Callable[[int], None] | None,
) -> ProgrammedLayer:
    weight = layer.weight.detach().double().numpy(force=True)
    groups = getattr(layer, "groups", 1)
    return write_layer(weight, crossbar, device, spec, groups=groups, on_tile=on_tile)


def count_arrays(network: nn.Module, tile: tuple[int, int], spec: MappingSpec) -> int:
    """Return how many arrays of ``tile`` rows and columns a network takes, for progress bars."""
    sides = spec.slices * (1 if spec.scheme == "offset" else 2)
    layers, _ = _chosen(as_network(network), spec)
    plans = [
        plan_layer(tuple(layer.weight.shape), tile, spec, getattr(layer, "groups", 1))
        for _, layer in layers.values()
    ]
    return sides * sum(plan.n_tiles for plan in plans)


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
