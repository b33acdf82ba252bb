"""This module is the demo's three networks: an ANN, its conversion, and a surrogate-trained SNN."""

from rich.progress import Progress
from torch import nn

from xbarsim.data import Dataset
from xbarsim.learning import Recipe, load_recipe, trained
from xbarsim.study import Condition, Subject, converted


def train_networks(data: Dataset, steps: int, bar: Progress) -> list[Subject]:
    """Return the ANN, the converted SNN with ``steps`` time-steps, and the surrogate SNN."""
    ann_recipe, snn_recipe = load_recipe("digits-ann"), load_recipe("digits-surrogate")
    networks = []
    for recipe, what in ((ann_recipe, "training the ANN"), (snn_recipe, "training the SNN")):
        networks.append(_trained(recipe, data, what, bar))
    ann, snn = networks
    task = bar.add_task("searching thresholds", total=1)
    spiking = converted(ann, data, steps)
    bar.advance(task)
    return [
        Subject("ANN", "ANN", ann, 0),
        Subject("converted SNN", "conversion", spiking, steps),
        Subject("surrogate SNN", "surrogate", snn, snn_recipe.steps),
    ]


def demo_conditions(tiles: tuple[int, ...]) -> list[Condition]:
    """Return raw currents and a gain per column, with thresholds as they are and searched anew."""
    return [
        Condition(tile=tile, gain=gain, thresholds=thresholds)
        for thresholds in ("software", "chip")
        for tile in tiles
        for gain in ("none", "column")
    ]


def _trained(recipe: Recipe, data: Dataset, what: str, bar: Progress) -> nn.Sequential:
    total = recipe.epochs * len(data.train_images)
    task = bar.add_task(what, total=total)
    network = trained(recipe, data, on_batch=lambda n: bar.advance(task, n))
    bar.update(task, completed=total)
    return network
