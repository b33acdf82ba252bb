"""This module is training in memory, from freshly drawn weights to the last update."""

from collections.abc import Callable

from torch import nn

from xbarsim.data import Dataset
from xbarsim.learning.recipe import Recipe
from xbarsim.learning.run import TrainingRun


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

    Raises:
        ParameterError: If the recipe's method is not one that trains.
    """
    run = TrainingRun(recipe, data)
    while run.update < run.total:
        done = run.advance()
        if on_batch is not None:
            on_batch(done.images)
    return run.network.eval()
