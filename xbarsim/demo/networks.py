"""This module is the demo's three networks: an ANN, its conversion, and a surrogate-trained SNN."""

from dataclasses import replace

from rich.progress import Progress
from torch import nn

from xbarsim.data import Dataset
from xbarsim.learning import Recipe, convert, load_recipe, trained
from xbarsim.study import Candidate

_SEARCH_IMAGES = 256


def train_networks(data: Dataset, steps: int, bar: Progress) -> list[Candidate]:
    """Return the ANN, the converted SNN with ``steps`` time-steps, and the surrogate SNN."""
    ann_recipe, snn_recipe = load_recipe("digits-ann"), load_recipe("digits-surrogate")
    networks = []
    for recipe, what in ((ann_recipe, "training the ANN"), (snn_recipe, "training the SNN")):
        networks.append(_trained(recipe, data, what, bar))
    ann, snn = networks
    task = bar.add_task("searching thresholds", total=1)
    spiking = convert(ann, data.train_images[:_SEARCH_IMAGES], steps)
    bar.advance(task)
    return [
        Candidate("ANN", ann, 0),
        Candidate("converted SNN", spiking, steps),
        Candidate("surrogate SNN", snn, snn_recipe.steps),
    ]


def candidates(networks: list[Candidate], data: Dataset) -> list[Candidate]:
    """Return the networks, and the converted one with thresholds searched again on each chip."""
    ann, converted, surrogate = networks
    searched = replace(
        converted,
        method="converted SNN, on-chip thresholds",
        calibration_images=data.train_images[:_SEARCH_IMAGES],
    )
    return [ann, converted, searched, surrogate]


def _trained(recipe: Recipe, data: Dataset, what: str, bar: Progress) -> nn.Sequential:
    total = recipe.epochs * len(data.train_images)
    task = bar.add_task(what, total=total)
    network = trained(recipe, data, on_batch=lambda n: bar.advance(task, n))
    bar.update(task, completed=total)
    return network
