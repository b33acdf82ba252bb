"""This module is the networks that benchmarks of inference and training run.

Weights are multiples of 1/64 and thresholds are no such number, so that sums are exact in any order
and the spikes of frameworks can be compared bit by bit.
"""

import copy

import torch
from torch import Tensor, nn

from xbarsim.network import (
    LIF,
    NeuronParams,
    build_network,
    for_inference,
    leaves,
    network_spec,
    run_counting,
)

NEURON = NeuronParams(leak=0.5, threshold=0.76, reset="zero")
_OFF_GRID = 0.01 / 3
_STEPS = 8


def example(name: str, batch: int) -> tuple[nn.Sequential, Tensor]:
    """Return a network in which a third of the neurons spike, and images of black and white pixels.

    Poisson spikes of such pixels are the pixels.
    """
    spec = network_spec(name)
    network = build_network(spec, lambda: LIF(NEURON), seed=3, init_gain=3.0).eval()
    with torch.no_grad():
        for layer in leaves(network):
            if isinstance(layer, nn.Conv2d | nn.Linear):
                layer.weight.mul_(64).round_().div_(64)
    stream = torch.Generator().manual_seed(4)
    images = (torch.rand(batch, *spec.input_shape, generator=stream) < 0.4).float()
    # Channels last, as load_network and TrainingRun have it.
    return network.to(memory_format=torch.channels_last), images  # type: ignore[call-overload]


def sparse_example(name: str, batch: int, *, rate: float = 0.12) -> tuple[nn.Sequential, Tensor]:
    """Return the same network with thresholds at which few neurons spike, as in trained networks.

    Trained VGG5 networks of this package spike in 3 to 16 % of their neurons, converted ones in 0.2
    to 2 %.
    """
    network, images = example(name, batch)
    layers = [copy.deepcopy(layer) for layer in network]
    inputs = images[:4].expand(_STEPS, -1, -1, -1, -1)
    for k, layer in enumerate(layers):
        if isinstance(layer, LIF):
            with torch.inference_mode():
                drives = run_counting(for_inference(nn.Sequential(*layers[:k])), inputs)[0]
            free = torch.zeros_like(drives[0])
            for drive in drives:
                free.mul_(NEURON.leak).add_(drive)
            high = free.flatten().kthvalue(round((1 - rate) * free.numel())).values
            layer.threshold.fill_(torch.floor(high * 64) / 64 + _OFF_GRID)
    return nn.Sequential(*layers), images
