"""This module is where a run's first weights come from: drawn, or taken from another checkpoint."""

from pathlib import Path

import torch
from torch import Tensor, nn

from xbarsim.data import Dataset
from xbarsim.errors import ParameterError
from xbarsim.inference import encode
from xbarsim.learning.build import initial_network
from xbarsim.learning.convert import search_thresholds
from xbarsim.learning.recipe import Recipe
from xbarsim.learning.store import load_network
from xbarsim.network import LIF, unroll

_IMAGES = 128
_PERCENTILE = 99.0


def starting_weights(
    recipe: Recipe, checkpoint: Path | None, data: Dataset
) -> dict[str, Tensor] | None:
    """Return the weights that a run starts from, None for freshly drawn ones.

    Weights of an ANN that go into a surrogate-trained network are scaled layer by layer, so that
    the neurons' fixed threshold plays the part of the one that conversion would have searched.

    Args:
        recipe: The run's recipe; its ``start_from`` names the recipe of the checkpoint.
        checkpoint: The checkpoint.
        data: Images to search thresholds on.

    Raises:
        ParameterError: A checkpoint is missing, not wanted, or of another recipe.
    """
    if (checkpoint is None) != (recipe.start_from is None):
        wanted = recipe.start_from or "freshly drawn weights"
        msg = f"recipe {recipe.name} starts from {wanted}, but --start is {checkpoint}"
        raise ParameterError(msg)
    if checkpoint is None:
        return None
    source, made_by = load_network(checkpoint)
    if made_by.name != recipe.start_from or made_by.network != recipe.network:
        msg = f"{checkpoint} was made by {made_by.name}; {recipe.name} wants {recipe.start_from}"
        raise ParameterError(msg)
    target = initial_network(recipe)
    with torch.no_grad():
        for old, new in zip(_weighted(source), _weighted(target), strict=True):
            new.weight.copy_(old.weight)
        if made_by.method == "ann" and recipe.method == "surrogate":
            _balance(target, source, recipe, data.train_images[:_IMAGES].cpu())
    return target.state_dict()


def _balance(target: nn.Sequential, source: nn.Module, recipe: Recipe, images: Tensor) -> None:
    """Divide each layer's weights by its searched threshold; give the last the ANN's spread."""
    searched = search_thresholds(target, images, recipe.steps, percentile=_PERCENTILE)
    found = [layer.threshold for layer in searched if isinstance(layer, LIF)]
    *hidden, last = _weighted(target)
    for layer, threshold in zip(hidden, found, strict=True):
        layer.weight.mul_(recipe.neuron.threshold / threshold)
    generator = torch.Generator().manual_seed(recipe.seed)
    inputs = encode(images, recipe.steps, generator, recipe.encoder)
    logits = unroll(target, inputs)[0].mean(dim=0)
    last.weight.mul_(source(images).std() / logits.std())


def _weighted(network: nn.Module) -> list[nn.Conv2d | nn.Linear]:
    return [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
