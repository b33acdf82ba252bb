"""This module is pooling moved before the threshold, so that the next layer sees binary spikes."""

import copy

from torch import nn

from xbarsim.network.neuron import LIF
from xbarsim.network.unroll import leaves


def pool_before_threshold(network: nn.Module) -> nn.Sequential:
    """Return a copy in which every average pool right behind neurons stands right before them.

    Pooled drive instead of pooled spikes: the network is another one, with fewer neurons, and its
    accuracy has to be measured (or its thresholds searched) anew.

    Args:
        network: Feed-forward network of stateless layers and neurons.
    """
    layers = [copy.deepcopy(layer) for layer in leaves(network)]
    for k in range(1, len(layers)):
        if isinstance(layers[k], nn.AvgPool1d | nn.AvgPool2d) and isinstance(layers[k - 1], LIF):
            layers[k - 1], layers[k] = layers[k], layers[k - 1]
    return nn.Sequential(*layers)
