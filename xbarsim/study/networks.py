"""This module is where a study's networks come from: checkpoints, the cache, or a conversion."""

from pathlib import Path

from torch import nn

from xbarsim.data import Dataset
from xbarsim.inference import Encoder
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


def given_subject(
    key: str, network: nn.Module, steps: int, encoder: Encoder, recipe: Recipe | None = None
) -> Subject:
    """Return a network that was read from a file; only one that its recipe made can be trained on.

    Args:
        key: Name under which it is measured.
        network: The network, in software.
        steps: Time-steps; 0 for a network without time.
        encoder: How an image becomes the input of each step.
        recipe: How it was trained; None for a network from elsewhere, whose neurons count as those
            of one trained by surrogate gradient.
    """
    if recipe is None:
        return Subject(key, "surrogate" if steps else "ANN", network, steps, encoder)
    source = None if recipe.method == "conversion" else network
    return Subject(key, _METHODS[recipe.method], network, steps, encoder, recipe, source)


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
