"""This module is where trained networks are kept: safetensors files, keyed by their recipe."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from xbarsim.data import Dataset
from xbarsim.errors import StorageError
from xbarsim.learning.build import initial_network
from xbarsim.learning.recipe import Recipe, recipe_of
from xbarsim.learning.train import train
from xbarsim.storage import cache_folder, write_atomically


def trained(
    recipe: Recipe, data: Dataset, *, on_batch: Callable[[int], None] | None = None
) -> nn.Sequential:
    """Return the recipe's network: from the user's cache, or trained now and kept there."""
    path = cache_folder("networks") / f"{recipe.name}-{recipe.key()}.safetensors"
    if not path.exists():
        network = train(recipe, data, on_batch=on_batch)
        save_network(network, recipe, path, data_md5=data.md5)
    return load_network(path)[0]


def save_network(
    network: nn.Module,
    recipe: Recipe,
    path: Path,
    *,
    data_md5: Mapping[str, str] | None = None,
    metrics: Mapping[str, Any] | None = None,
) -> None:
    """Write a checkpoint, whole or not at all: weights in float16, all else as it is.

    Args:
        network: The network.
        recipe: What made it.
        path: File to write (.safetensors).
        data_md5: Checksums of the data's files.
        metrics: What was measured: accuracy, time, command.
    """
    tensors = {name: _kept(name, t).contiguous() for name, t in network.state_dict().items()}
    metadata = {
        "recipe": json.dumps(recipe.model_dump(mode="json"), sort_keys=True),
        "data_md5": json.dumps(dict(data_md5 or {}), sort_keys=True),
        "metrics": json.dumps(dict(metrics or {}), sort_keys=True),
    }
    write_atomically(path, save(tensors, metadata))


def round_weights(network: nn.Module) -> None:
    """Round weights to what a checkpoint holds, so that what is measured is what is kept."""
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            tensor.copy_(_kept(name, tensor))


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
    # Channels last: the convolutions' fastest layout.
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network.eval(), recipe


def load_metrics(path: Path) -> dict[str, Any]:
    """Return what was measured when a checkpoint was made.

    Raises:
        StorageError: If the file is missing, damaged, or not a checkpoint of ours.
    """
    try:
        with safe_open(path, framework="pt") as stream:
            return dict(json.loads((stream.metadata() or {})["metrics"]))
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        msg = f"{path} is not a checkpoint of xbarsim: {error}; train anew with `xbarsim train`"
        raise StorageError(msg) from error


def _kept(name: str, tensor: Tensor) -> Tensor:
    """Return a tensor as a checkpoint holds it: the many weights in half precision."""
    return tensor.half() if name.endswith("weight") and tensor.dim() > 1 else tensor


def _recipe(metadata: dict[str, str]) -> Recipe:
    return recipe_of(json.loads(metadata["recipe"]))
