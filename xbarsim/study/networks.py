"""This module is where a study's networks come from: checkpoints, the cache, or a conversion."""

import hashlib
from pathlib import Path

from torch import nn

from xbarsim.data import Dataset
from xbarsim.learning import convert, load_network, load_recipe, trained
from xbarsim.study.rows import StudyRow

SEARCH_IMAGES = 256
"""Training images on which thresholds are searched (Algorithm 1)."""


def row_network(row: StudyRow, checkpoints: Path, data: Dataset) -> nn.Module | None:
    """Return a row's network in software, or None when its checkpoint does not exist yet.

    Digits train in under a minute, so they come from the user's cache or are trained now.

    Args:
        row: The row.
        checkpoints: Folder of SOURCE.safetensors.
        data: The row's data set; thresholds are searched on its training images.

    Raises:
        StorageError: If the checkpoint is damaged.
    """
    path = checkpoints / f"{row.source}.safetensors"
    if path.exists():
        network: nn.Module = load_network(path)[0]
    elif row.dataset == "digits":
        network = trained(load_recipe(row.source), data)
    else:
        return None
    if row.method == "conversion":
        return convert(network, data.train_images[:SEARCH_IMAGES], row.steps or 1)
    return network


def fingerprint(network: nn.Module) -> str:
    """Return a hash of all weights, by which results are told apart."""
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(name.encode() + tensor.detach().contiguous().numpy(force=True).tobytes())
    return digest.hexdigest()[:16]
