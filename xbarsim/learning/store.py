"""This module is where trained networks are kept: safetensors files, keyed by their recipe."""

import json
from collections.abc import Callable
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from xbarsim.data import Dataset
from xbarsim.errors import StorageError
from xbarsim.learning.recipe import Recipe
from xbarsim.learning.train import initial_network, train
from xbarsim.storage import cache_folder, write_atomically


def trained(
    recipe: Recipe, data: Dataset, *, on_batch: Callable[[int], None] | None = None
) -> nn.Sequential:
    """Return the recipe's network: from the user's cache, or trained now and kept there."""
    path = cache_folder("networks") / f"{recipe.name}-{recipe.key()}.safetensors"
    if path.exists():
        return load_network(recipe, path)
    network = train(recipe, data, on_batch=on_batch)
    save_network(network, recipe, path)
    return network


def save_network(network: nn.Module, recipe: Recipe, path: Path) -> None:
    """Write weights and recipe, whole or not at all."""
    tensors = {name: t.contiguous() for name, t in network.state_dict().items()}
    metadata = {"recipe": json.dumps(recipe.model_dump(mode="json"), sort_keys=True)}
    write_atomically(path, save(tensors, metadata))


def load_network(recipe: Recipe, path: Path) -> nn.Sequential:
    """Read the weights of a recipe's network.

    Raises:
        StorageError: If the file is damaged or belongs to another network.
    """
    network = initial_network(recipe)
    try:
        with safe_open(path, framework="pt") as stream:  # type: ignore[no-untyped-call]
            network.load_state_dict({name: stream.get_tensor(name) for name in stream.keys()})  # noqa: SIM118
    except (SafetensorError, RuntimeError, OSError) as error:
        msg = f"{path} is not a checkpoint of {recipe.network}: {error}; delete it to train anew"
        raise StorageError(msg) from error
    return network.eval()
