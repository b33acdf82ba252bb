"""This module is training: one loop for networks with and without time."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from xbarsim.data import Dataset
from xbarsim.errors import ParameterError
from xbarsim.inference import encode_poisson
from xbarsim.learning.recipe import Recipe
from xbarsim.network import LIF, build_network, network_spec, unroll


def train(
    recipe: Recipe, data: Dataset, *, on_batch: Callable[[int], None] | None = None
) -> nn.Sequential:
    """Train a network from freshly drawn weights.

    Args:
        recipe: What to train and how.
        data: Images and labels; training runs on their device.
        on_batch: Called with the number of images just learned from.

    Returns:
        The trained network, in evaluation mode.
    """
    device = data.train_images.device
    if recipe.method == "conversion":
        msg = "a converted network is not trained; train its ANN and use learning.convert"
        raise ParameterError(msg)
    network = initial_network(recipe).to(device)
    generator = torch.Generator().manual_seed(recipe.seed)
    spikes = torch.Generator(device=device).manual_seed(recipe.seed)
    optimiser = torch.optim.Adam(network.parameters(), lr=recipe.learning_rate)
    n_updates = recipe.epochs * -(-len(data.train_images) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=recipe.learning_rate, total_steps=n_updates, pct_start=0.2
    )
    loss_of = nn.CrossEntropyLoss(label_smoothing=recipe.label_smoothing)
    network.train()
    for _ in range(recipe.epochs):
        order = torch.randperm(len(data.train_images), generator=generator).to(device)
        for part in torch.split(order, recipe.batch):
            images = _shifted(data.train_images[part], recipe.shift, generator)
            loss = loss_of(_logits(network, images, recipe, spikes), data.train_labels[part])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
            if on_batch is not None:
                on_batch(len(part))
    return network.eval()


def initial_network(recipe: Recipe) -> nn.Sequential:
    """Return the recipe's network with its initial weights."""
    make = nn.ReLU if recipe.method == "ann" else lambda: LIF(recipe.neuron)
    spec = network_spec(recipe.network)
    return build_network(spec, make, seed=recipe.seed, init_gain=recipe.init_gain)


def _logits(network: nn.Module, images: Tensor, recipe: Recipe, spikes: torch.Generator) -> Tensor:
    """Return logits; those of a spiking network are its last layer's output, averaged over time."""
    if recipe.method == "ann":
        return torch.as_tensor(network(images))
    outputs, _, _ = unroll(network, encode_poisson(images, recipe.steps, spikes))
    return outputs.mean(dim=0)


def _shifted(images: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Move each image by up to ``most`` pixels in both directions, filling with zero."""
    if most == 0:
        return images
    height, width = images.shape[-2:]
    padded = nn.functional.pad(images, (most,) * 4)
    move = torch.randint(0, 2 * most + 1, (2, len(images)), generator=generator)
    rows = (move[0][:, None] + torch.arange(height)).to(images.device)
    cols = (move[1][:, None] + torch.arange(width)).to(images.device)
    index = torch.arange(len(images), device=images.device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[index, rows[:, :, None], cols[:, None, :]].permute(0, 3, 1, 2)
