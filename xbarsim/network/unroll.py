"""This module is how a network runs over time-steps: layers fold time away, only neurons loop."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from xbarsim.network.bntt import BatchNormThroughTime
from xbarsim.network.neuron import LIF
from xbarsim.network.perstep import PerStepLayer

State = tuple[Tensor | None, ...]
"""Membrane of each neuron layer, in order; None before the first step."""


def leaves(network: nn.Module) -> Iterator[nn.Module]:
    """Yield the layers of nested ``nn.Sequential`` networks in the order in which they run."""
    if isinstance(network, nn.Sequential):
        for child in network:
            yield from leaves(child)
    else:
        yield network


def unroll(
    network: nn.Module, inputs: Tensor, state: State | None = None, *, start: int = 0
) -> tuple[Tensor, State, list[Tensor]]:
    """Run a spiking network over the time-steps of ``inputs`` [time, batch, ...].

    Layers without state run once over time x batch. Splitting the time axis and handing the state
    and the number of the next step on gives the same result as one call.

    Args:
        network: A feed-forward network of stateless layers and neurons.
        inputs: Input of every step, [time, batch, ...].
        state: Membranes left by the previous call.
        start: Number of the first time-step of ``inputs``, for layers that tell steps apart.

    Returns:
        Output of the last layer [time, batch, class], the membranes, and each neuron layer's spikes
        [time, batch, ...].
    """
    left = iter(state or ())
    membranes: list[Tensor | None] = []
    spikes: list[Tensor] = []
    x = inputs
    for layer in leaves(network):
        if isinstance(layer, LIF):
            x, membrane = layer(x, next(left, None))
            membranes.append(membrane)
            spikes.append(x)
        else:
            x = stateless(layer, x, start)
    return x, tuple(membranes), spikes


def stateless(layer: nn.Module, x: Tensor, start: int = 0) -> Tensor:
    """Run a layer without membrane on ``x`` [time, batch, ...], whose first step is ``start``."""
    if isinstance(layer, BatchNormThroughTime):
        return torch.as_tensor(layer(x, start))
    if isinstance(layer, PerStepLayer):
        return layer.over_time(x, start)
    y = layer(x.reshape(-1, *x.shape[2:]))
    return torch.as_tensor(y.reshape(*x.shape[:2], *y.shape[1:]))
