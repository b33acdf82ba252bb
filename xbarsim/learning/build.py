"""This module is the step from a recipe to its network, with freshly drawn weights."""

from collections.abc import Callable

from torch import nn

from xbarsim.learning.recipe import Recipe
from xbarsim.network import LIF, BatchNormThroughTime, build_network, network_spec


def initial_network(recipe: Recipe) -> nn.Sequential:
    """Return the recipe's network with its initial weights, on the CPU."""
    make = nn.ReLU if recipe.method == "ann" else lambda: LIF(recipe.neuron)
    return build_network(
        network_spec(recipe.network),
        make,
        seed=recipe.seed,
        init_gain=recipe.init_gain,
        norm=_norm(recipe),
        bias=recipe.norm == "folded",
    )


def _norm(recipe: Recipe) -> Callable[[int, int], nn.Module] | None:
    """Return what makes the normalisation before each activation, None where there is none."""
    if recipe.method == "bntt":
        return lambda width, _axes: BatchNormThroughTime(recipe.steps, width)
    if recipe.norm == "batch":
        return lambda width, axes: nn.BatchNorm2d(width) if axes else nn.BatchNorm1d(width)
    return None
