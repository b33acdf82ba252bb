"""This module is training through the crossbar: weights that are good as the arrays apply them."""

import copy
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from xbarsim.data import Dataset
from xbarsim.errors import ParameterError
from xbarsim.fast import effective_conductance
from xbarsim.hardware import ReadParams, to_crossbar
from xbarsim.learning import Recipe, TrainingRun
from xbarsim.mapping import MappingSpec, StaticModel, plan_layer
from xbarsim.parameters import CrossbarParams, DeviceParams

Gradient = Literal["exact", "straight_through"]
_EXACT_CELLS = 200_000


def noise_aware_fit(
    network: nn.Module,
    recipe: Recipe,
    data: Dataset,
    crossbar: CrossbarParams,
    device: DeviceParams,
    *,
    updates: int = 100,
    gradient: Gradient | None = None,
    refresh: int = 10,
    chip: int | None = None,
    seed: int = 1,
    mapping: MappingSpec | None = None,
    ir_drop: StaticModel = "exact",
    on_update: Callable[[int], None] | None = None,
) -> nn.Module:
    """Fine-tune a network through its own crossbars; returns the new software network.

    ``exact``: every forward pass goes through the model of the arrays, and so does the gradient;
    for small networks. ``straight_through``: the arrays' weights are worked out every ``refresh``
    updates, and the gradient passes as if they were the software's. Cells are linear in both.

    Args:
        network: Trained network of the recipe; it is not changed.
        recipe: How it was trained; its learning rate, batch and steps are used.
        data: Images to train on.
        crossbar: Size of a tile and its resistances. [Ω]
        device: Conductance range and variation. [S]
        updates: Number of updates: the cure's cost.
        gradient: ``exact`` below 200,000 cells by default, else ``straight_through``.
        refresh: Updates between two looks at the arrays (straight-through only).
        chip: Train for this chip's cells; by default every look sees a new chip, so that the
            weights become good for any.
        seed: Seed of the chips; networks are judged on those of seed 0.
        mapping: How weights become conductances (straight-through only); differential pairs with a
            gain per column by default.
        ir_drop: Model of the wires (straight-through only); ``ideal`` for arrays that are going to
            be compensated.
        on_update: Called with 1 after every update.
    """
    run = TrainingRun(_shortened(recipe, data, updates), data, network.state_dict())
    layers = [m for m in run.network.modules() if isinstance(m, nn.Linear | nn.Conv1d | nn.Conv2d)]
    cells = sum(layer.weight.numel() for layer in layers)
    mode = gradient or ("exact" if cells <= _EXACT_CELLS else "straight_through")
    if mode not in {"exact", "straight_through"}:
        msg = f"gradient is {mode!r}; use exact or straight_through"
        raise ParameterError(msg)
    chips = partial(
        to_crossbar, crossbar=crossbar, device=device, mapping=mapping, encoder=recipe.encoder,
        reading=ReadParams(ir_drop=ir_drop), allow_unvalidated=True,
    )  # fmt: skip
    for layer in layers:
        through: nn.Module = _Exact(crossbar, device) if mode == "exact" else _Beside(layer.weight)
        parametrize.register_parametrization(layer, "weight", through, unsafe=True)
    for k in range(updates):
        if mode == "straight_through" and k % refresh == 0:
            number = 1 + k // refresh if chip is None else chip
            _look(run.network, network, chips, seed, number)
        run.advance()
        if on_update is not None:
            on_update(1)
    for layer in layers:
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    return run.network.eval()


def _shortened(recipe: Recipe, data: Dataset, updates: int) -> Recipe:
    """Return the recipe with so many passes that its schedule ends with the updates."""
    images = min(recipe.epoch_images or len(data.train_images), len(data.train_images))
    epochs = -(-updates // -(-images // recipe.batch))
    part = min(images, -(-updates // epochs) * recipe.batch)
    return recipe.replace(epochs=epochs, epoch_images=part, compiled=False)


def through_crossbar(weight: Tensor, crossbar: CrossbarParams, device: DeviceParams) -> Tensor:
    """Return the weights that differential pairs apply, with a gain per column, differentiably.

    The gradient passes the exact model of the arrays; scale and gain count as constants.

    Args:
        weight: Layer weight, [out, in, kernel...].
        crossbar: Size of a tile and its resistances. [Ω]
        device: Conductance range; variation is left out. [S]
    """
    plan = plan_layer(tuple(weight.shape), crossbar.shape, MappingSpec())
    rows, cols = plan.block.matrix_shape
    (down, across), (height, width) = plan.block.grid, crossbar.shape
    matrix = weight.reshape(weight.shape[0], -1).T.double()
    pad = (0, across * width - cols, 0, down * height - rows)
    tiles = nn.functional.pad(matrix, pad).reshape(down, height, across, width).transpose(1, 2)
    largest = matrix.detach().abs().max().clamp_min(1e-30)
    scale = (device.g_max - device.g_min) / largest
    used = nn.functional.pad(torch.ones_like(matrix.detach()), pad)
    used = used.reshape(down, height, across, width).transpose(1, 2)
    measured = applied_weights(tiles, float(scale), crossbar, device) * used
    with torch.no_grad():
        power = measured.square().sum(dim=-2, keepdim=True)
        gain = (tiles * measured).sum(dim=-2, keepdim=True) / power.clamp_min(1e-30)
    joined = (measured * gain).transpose(1, 2).reshape(down * height, across * width)
    return joined[:rows, :cols].T.reshape(weight.shape).to(weight.dtype)


def applied_weights(
    tiles: Tensor, scale: float, crossbar: CrossbarParams, device: DeviceParams
) -> Tensor:
    """Return what pairs apply for weights [..., row, col] at ``scale`` siemens per unit of weight."""
    sides = torch.stack([tiles.clamp(min=0), (-tiles).clamp(min=0)]) * scale + device.g_min
    effective = effective_conductance(sides, crossbar)
    return (effective[0] - effective[1]) / scale


class _Exact(nn.Module):
    """The weight as the arrays apply it, with their gradient."""

    def __init__(self, crossbar: CrossbarParams, device: DeviceParams) -> None:
        super().__init__()
        self.crossbar, self.device = crossbar, device

    def forward(self, weight: Tensor) -> Tensor:
        return through_crossbar(weight, self.crossbar, self.device)


class _Beside(nn.Module):
    """The weight with a difference added that gradients do not see."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.difference = torch.zeros_like(weight.detach())

    def forward(self, weight: Tensor) -> Tensor:
        return weight + self.difference


def _look(
    training: nn.Module,
    network: nn.Module,
    on_chip: Callable[..., nn.Module],
    seed: int,
    chip: int,
) -> None:
    """Take the difference between the weights being trained and what a chip makes of them."""
    plain = copy.deepcopy(network)
    targets = [layer for _, layer in _weighted(training)]
    with torch.no_grad():
        for (_, layer), target in zip(_weighted(plain), targets, strict=True):
            layer.weight.copy_(target.parametrizations.weight.original)
    chips = on_chip(plain, seed=seed, chip=chip)
    with torch.no_grad():
        for (_, layer), target in zip(_weighted(chips), targets, strict=True):
            weights = target.parametrizations.weight
            weights[0].difference.copy_(layer.weight - weights.original)


def _weighted(network: nn.Module) -> list[tuple[str, Any]]:
    kinds = nn.Linear | nn.Conv1d | nn.Conv2d
    return [(name, m) for name, m in network.named_modules() if isinstance(m, kinds)]
