"""This module is the fast form of a spiking network for inference: same layers, same results."""

from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from xbarsim.network.counting import CountingNeurons
from xbarsim.network.event_linear import EventLinear, takes_vectors_of_events
from xbarsim.network.events import EventConv2d, takes_events
from xbarsim.network.neuron import LIF
from xbarsim.network.unroll import State, leaves, stateless

Sums = NDArray[np.float64]


def for_inference(network: nn.Module) -> nn.Sequential:
    """Return a network's layers for ``run_counting``; layers are shared, not copied or changed.

    Convolutions and large fully connected layers are driven by events, neurons take the average
    pool behind them along.
    """
    layers: list[nn.Module] = []
    for layer in leaves(network):
        last = layers[-1] if layers else None
        if isinstance(last, CountingNeurons) and last.pool is None and _is_plain(layer):
            layers[-1] = CountingNeurons(last.neurons, layer)
        elif isinstance(layer, LIF):
            layers.append(CountingNeurons(layer))
        else:
            layers.append(_driven(layer))
    return nn.Sequential(*layers)


def _driven(layer: nn.Module) -> nn.Module:
    """Return a layer in the form that spikes drive, if there is one."""
    if takes_events(layer):
        return EventConv2d(layer)
    return EventLinear(layer) if takes_vectors_of_events(layer) else layer


def _is_plain(layer: nn.Module) -> TypeGuard[nn.AvgPool2d]:
    """Return whether a layer averages squares side by side."""
    if not isinstance(layer, nn.AvgPool2d):
        return False
    side, stride, padding = (_pair(x) for x in (layer.kernel_size, layer.stride, layer.padding))
    square = side[0] == side[1] and stride == side and padding == (0, 0)
    return square and not layer.ceil_mode and layer.divisor_override is None


def _pair(size: int | tuple[int, ...]) -> tuple[int, ...]:
    return (size, size) if isinstance(size, int) else tuple(size)


def run_counting(
    network: nn.Sequential, inputs: Tensor, state: State | None = None, *, start: int = 0
) -> tuple[Tensor, State, Sums]:
    """Run layers of ``for_inference`` over the time-steps of ``inputs`` [time, image, ...].

    What ``unroll`` returns, with the spikes of each layer of neurons counted instead of kept.

    Args:
        network: Layers, from ``for_inference``.
        inputs: Input of every step, [time, image, ...].
        state: Membranes left by the previous call.
        start: Number of the first time-step of ``inputs``, for layers that tell steps apart.

    Returns:
        Output of the last layer [time, image, ...], the membranes, and spikes per neuron, summed
        over images, [layer, time].
    """
    left = iter(state or ())
    membranes: list[Tensor | None] = []
    sums: list[Sums] = []
    x = inputs
    for layer in network:
        if isinstance(layer, CountingNeurons):
            neurons = x[0, 0].numel()
            x, membrane, count = layer(x, next(left, None))
            membranes.append(membrane)
            sums.append(count / neurons)
        else:
            x = stateless(layer, x, start)
    return x, tuple(membranes), np.array(sums).reshape(-1, len(inputs))
