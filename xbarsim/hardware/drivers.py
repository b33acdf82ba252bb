"""This module is the check that every layer gets inputs which its drivers can put on the rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Literal

import torch
from torch import Tensor, nn

from xbarsim.errors import ParameterError
from xbarsim.mapping import DriverParams
from xbarsim.network import LIF

Source = Literal["poisson", "ternary", "direct"]
CrossbarLayer = nn.Linear | nn.Conv1d | nn.Conv2d

_KEEPS = (nn.Flatten, nn.Identity, nn.Dropout, nn.Dropout2d, nn.MaxPool2d, nn.MaxPool1d)


@dataclass(frozen=True)
class Inputs:
    """What a layer gets: evenly spaced sizes from 0 to 1, or anything.

    Attributes:
        levels: Distinct sizes, 0 and 1 included; None for any size.
        signed: Whether they may be negative.
    """

    levels: int | None
    signed: bool


def layer_inputs(network: nn.Module, source: Source) -> Iterator[tuple[str, nn.Module, Inputs]]:
    """Yield name, layer and inputs of every layer, in the order in which they run.

    Layers inside modules that are no ``nn.Sequential`` may get anything.

    Args:
        network: The network.
        source: Encoder that makes its input; see ``encode``.
    """
    inputs = Inputs(2, signed=source == "ternary") if source != "direct" else Inputs(None, True)
    for name, layer in _named_leaves(network, ""):
        if any(child is not layer for child in layer.modules()):
            for below, child in layer.named_modules(prefix=name):
                yield below, child, Inputs(None, signed=True)
            inputs = Inputs(None, signed=True)
            continue
        yield name, layer, inputs
        inputs = _after(layer, inputs)


def check_drivers(
    network: nn.Module, driver: DriverParams, source: Source, digital: set[str]
) -> None:
    """Refuse a network one of whose crossbar layers gets what the drivers cannot drive.

    Raises:
        ParameterError: Naming the layer, what it gets, what the driver has, and the remedies.
    """
    for name, layer, inputs in layer_inputs(network, source):
        if not isinstance(layer, CrossbarLayer) or name in digital:
            continue
        if inputs.signed and driver.signed == "refused":
            msg = (
                f"layer {name!r} gets signed inputs, which its driver refuses; choose signed "
                "'two_phase' or 'bipolar', or keep the layer digital"
            )
            raise ParameterError(msg)
        if not _fits(inputs, driver):
            sizes = "any size" if inputs.levels is None else f"{inputs.levels} levels up to 1"
            msg = (
                f"layer {name!r} gets inputs of {sizes}, but its driver has {driver.levels} levels "
                f"up to {driver.full_scale:g}; use a driver that has them, one that rounds, "
                "pool_before_threshold(network) where pools make them, or keep the layer digital"
            )
            raise ParameterError(msg)


class RoundedInput(nn.Module):
    """A layer behind a DAC: its inputs are rounded to evenly spaced levels and limited."""

    def __init__(self, layer: nn.Module, driver: DriverParams) -> None:
        super().__init__()
        self.layer = layer
        self.driver = driver

    def forward(self, x: Tensor) -> Tensor:
        """Run the layer on rounded inputs."""
        return torch.as_tensor(self.layer(round_inputs(x, self.driver)))

    def extra_repr(self) -> str:
        """Say levels and range."""
        return f"levels={self.driver.levels}, full_scale={self.driver.full_scale:g}"


def round_inputs(x: Tensor, driver: DriverParams) -> Tensor:
    """Return round(x / q) q, limited to the full scale, with q = full scale / (levels - 1)."""
    if driver.levels is None or not driver.rounding:
        return x
    step = driver.full_scale / (driver.levels - 1)
    return x.clamp(-driver.full_scale, driver.full_scale).div(step).round().mul(step)


def _fits(inputs: Inputs, driver: DriverParams) -> bool:
    """Return whether every size that a layer gets is a level of the driver, or gets rounded to one."""
    if driver.levels is None or driver.rounding:
        return True
    if inputs.levels is None or driver.full_scale < 1:
        return False
    ratio = (driver.levels - 1) / ((inputs.levels - 1) * driver.full_scale)
    return ratio >= 1 and abs(ratio - round(ratio)) < 1e-9


def _named_leaves(network: nn.Module, prefix: str) -> Iterator[tuple[str, nn.Module]]:
    if not isinstance(network, nn.Sequential):
        yield prefix, network
        return
    for name, child in network.named_children():
        yield from _named_leaves(child, f"{prefix}.{name}" if prefix else name)


def _after(layer: nn.Module, inputs: Inputs) -> Inputs:
    """Return what comes out of a layer."""
    if isinstance(layer, LIF):
        return Inputs(2, signed=False)
    if isinstance(layer, nn.AvgPool2d | nn.AvgPool1d) and inputs.levels is not None:
        size, axes = layer.kernel_size, 2 if isinstance(layer, nn.AvgPool2d) else 1
        sides = (size,) * axes if isinstance(size, int) else size
        return Inputs((inputs.levels - 1) * prod(sides) + 1, inputs.signed)
    if isinstance(layer, _KEEPS):
        return inputs
    return Inputs(None, signed=not isinstance(layer, nn.ReLU | nn.Sigmoid))
