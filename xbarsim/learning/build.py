"""This module is the step from a recipe to its network, with freshly drawn weights."""

from torch import nn

from xbarsim.learning.recipe import Recipe
from xbarsim.network import LIF, BatchNormThroughTime, build_network, network_spec


def initial_network(recipe: Recipe) -> nn.Sequential:
    """Return the recipe's network with its initial weights, on the CPU."""
    make = nn.ReLU if recipe.method == "ann" else lambda: LIF(recipe.neuron)
    norm = None
    if recipe.method == "bntt":
        norm = lambda width, _axes: BatchNormThroughTime(recipe.steps, width)  # noqa: E731
    spec = network_spec(recipe.network)
    return build_network(spec, make, seed=recipe.seed, init_gain=recipe.init_gain, norm=norm)
