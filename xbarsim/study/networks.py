"""This module is where a study's networks come from: checkpoints, the cache, or a conversion."""

from pathlib import Path

from torch import nn

from xbarsim.data import Dataset
from xbarsim.learning import Recipe, convert, load_network, load_recipe, trained
from xbarsim.study.rows import StudyMethod, StudyRow
from xbarsim.study.subject import Subject

SEARCH_IMAGES = 256
"""Training images on which thresholds of a converted network are searched (Algorithm 1)."""

_METHODS: dict[str, StudyMethod] = {
    "ann": "ANN", "surrogate": "surrogate", "bntt": "BNTT", "conversion": "conversion",
}  # fmt: skip


def row_subject(row: StudyRow, checkpoints: Path, data: Dataset) -> Subject | None:
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
        network, recipe = load_network(path)
    elif row.dataset == "digits":
        recipe = load_recipe(row.source)
        network = trained(recipe, data)
    else:
        return None
    return _subject(row.key, row.method, network, recipe, row.steps or 0, data)


def checkpoint_subject(path: Path) -> tuple[Subject, Recipe]:
    """Return the network of a checkpoint, and its recipe; a converted one cannot be trained on.

    Raises:
        StorageError: If the file is missing, damaged, or not a checkpoint of ours.
    """
    network, recipe = load_network(path)
    steps = 0 if recipe.method == "ann" else recipe.steps
    source = None if recipe.method == "conversion" else network
    method = _METHODS[recipe.method]
    return Subject(path.stem, method, network, steps, recipe.encoder, recipe, source), recipe


def _subject(
    key: str, method: StudyMethod, network: nn.Module, recipe: Recipe, steps: int, data: Dataset
) -> Subject:
    if method != "conversion":
        return Subject(key, method, network, steps, recipe.encoder, recipe, network)
    spiking = converted(network, data, steps)
    return Subject(key, method, spiking, steps, recipe.encoder, recipe, network)


def converted(network: nn.Module, data: Dataset, steps: int) -> nn.Module:
    """Return a trained ReLU network as spiking one, with thresholds searched as in every study."""
    return convert(network, data.train_images[:SEARCH_IMAGES], max(steps, 1))
