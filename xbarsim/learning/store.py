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
from xbarsim.network import NeuronParams
from xbarsim.storage import cache_folder, write_atomically


def trained(
    recipe: Recipe, data: Dataset, *, on_batch: Callable[[int], None] | None = None
) -> nn.Sequential:
    """Return the recipe's network: from the user's cache, or trained now and kept there."""
    path = cache_folder("networks") / f"{recipe.name}-{recipe.key()}.safetensors"
    if path.exists():
        return load_network(path)[0]
    network = train(recipe, data, on_batch=on_batch)
    save_network(network, recipe, path)
    return network


def save_network(network: nn.Module, recipe: Recipe, path: Path) -> None:
    """Write weights and recipe, whole or not at all."""
    tensors = {name: t.contiguous() for name, t in network.state_dict().items()}
    metadata = {"recipe": json.dumps(recipe.model_dump(mode="json"), sort_keys=True)}
    write_atomically(path, save(tensors, metadata))


def load_network(path: Path) -> tuple[nn.Sequential, Recipe]:
    """Read a checkpoint: the network, and the recipe that made it.

    Raises:
        StorageError: If the file is missing, damaged, or not a checkpoint of ours.
    """
    try:
        with safe_open(path, framework="pt") as stream:
            recipe = _recipe(stream.metadata() or {})
            tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
        network = initial_network(recipe)
        network.load_state_dict(tensors)
    except (SafetensorError, RuntimeError, OSError, ValueError, KeyError) as error:
        msg = f"{path} is not a checkpoint of xbarsim: {error}; train anew with `xbarsim train`"
        raise StorageError(msg) from error
    return network.eval(), recipe


def _recipe(metadata: dict[str, str]) -> Recipe:
    fields = json.loads(metadata["recipe"])
    return Recipe(**{**fields, "neuron": NeuronParams(**fields["neuron"])})
