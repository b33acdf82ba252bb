"""This module is where a run's first weights come from: drawn, or taken from another checkpoint."""

from pathlib import Path

import torch
from torch import Tensor, nn

from xbarsim.data import Dataset
from xbarsim.errors import ParameterError
from xbarsim.learning.build import initial_network
from xbarsim.learning.recipe import Recipe
from xbarsim.learning.store import load_network
from xbarsim.network import BatchNormThroughTime, NeuronParams, leaves

_IMAGES = 128
_SHARE = 0.99


def starting_weights(
    recipe: Recipe, checkpoint: Path | None, data: Dataset
) -> dict[str, Tensor] | None:
    """Return the weights that a run starts from, None for freshly drawn ones.

    Weights of an ANN that go into a surrogate-trained network are scaled layer by layer, so that
    spikes at the neurons' fixed threshold stand for the ANN's activations.

    Args:
        recipe: The run's recipe; its ``start_from`` names the recipe of the checkpoint.
        checkpoint: The checkpoint.
        data: Images to measure activations on.

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
    if (made_by.norm, recipe.norm) != ("none", "none"):
        msg = (
            f"{made_by.name} has norm {made_by.norm!r}, {recipe.name} has {recipe.norm!r}; weights "
            "are only taken over between networks of norm 'none'"
        )
        raise ParameterError(msg)
    target = initial_network(recipe)
    with torch.no_grad():
        for old, new in zip(_weighted(source), _weighted(target), strict=True):
            new.weight.copy_(old.weight)
        if made_by.method == "bntt" and recipe.method == "bntt":
            _take_over_norms(target, source)
        if made_by.method == "ann" and recipe.method == "surrogate":
            _balance(target, source, recipe.neuron, data.train_images[:_IMAGES].cpu())
    return target.state_dict()


def _balance(target: nn.Module, source: nn.Module, neuron: NeuronParams, images: Tensor) -> None:
    r"""Scale weights so that a rate of 1 stands for (nearly) the largest activation of the ANN.

    $W_l \leftarrow \theta W_l \lambda_{l-1} / \lambda_l$ with λ the 99th percentile of a layer's
    positive activations (B. Rueckauer et al. 2017, DOI 10.3389/fnins.2017.00682); the last layer
    keeps the ANN's scale.
    """
    largest = [1.0]
    x = images
    for layer in leaves(source):
        x = layer(x)
        if isinstance(layer, nn.ReLU):
            positive = x[x > 0]
            k = max(1, round(_SHARE * len(positive)))
            largest.append(float(positive.kthvalue(k).values))
    *hidden, last = _weighted(target)
    for layer, before, after in zip(hidden, largest, largest[1:], strict=False):
        layer.weight.mul_(neuron.threshold * before / after)
    last.weight.mul_(largest[-1])


def _take_over_norms(target: nn.Module, source: nn.Module) -> None:
    """Go on with the norms through time of the checkpoint, where there are as many steps."""
    pairs = [
        [layer for layer in leaves(net) if isinstance(layer, BatchNormThroughTime)]
        for net in (target, source)
    ]
    for new, old in zip(*pairs, strict=True):
        if new.gamma.shape == old.gamma.shape:
            new.load_state_dict(old.state_dict())


def _weighted(network: nn.Module) -> list[nn.Conv2d | nn.Linear]:
    return [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
