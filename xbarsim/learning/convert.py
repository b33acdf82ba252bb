"""This module is ANN-SNN conversion: ReLUs become integrate-and-fire neurons (Algorithm 1)."""

import copy

import torch
from torch import Tensor, nn

from xbarsim.errors import ParameterError
from xbarsim.inference import encode_poisson
from xbarsim.network import LIF, fold_batch_norm
from xbarsim.network.unroll import leaves, stateless


def convert(
    network: nn.Module, images: Tensor, steps: int, *, seed: int = 0, percentile: float = 100.0
) -> nn.Sequential:
    """Convert a trained ReLU network into a spiking one.

    Args:
        network: Feed-forward network of stateless layers with ReLU activations; batch norms after
            convolutions and linear layers are folded into them.
        images: Images to search thresholds on, pixels in [0, 1].
        steps: Time-steps T of the search.
        seed: Seed of the Poisson spikes.
        percentile: 100 takes the largest pre-activation (Algorithm 1), less ignores outliers. [%]

    Returns:
        A network with the same weights, integrate-and-fire neurons and searched thresholds.

    Raises:
        ParameterError: If the network has no ReLU, or a batch norm that cannot be folded.
    """
    folded = fold_batch_norm(network)
    layers = [LIF() if isinstance(layer, nn.ReLU) else layer for layer in folded]
    if not any(isinstance(layer, LIF) for layer in layers):
        msg = "the network has no ReLU layer, so there is nothing to convert into neurons"
        raise ParameterError(msg)
    spiking = nn.Sequential(*layers).eval()
    return search_thresholds(spiking, images, steps, seed=seed, percentile=percentile)


def search_thresholds(
    network: nn.Module, images: Tensor, steps: int, *, seed: int = 0, percentile: float = 100.0
) -> nn.Sequential:
    """Return a copy whose neurons have the thresholds that Algorithm 1 finds, first layer first.

    Each layer is driven by the spikes of the layers before it, whose thresholds are set already.
    """
    result = nn.Sequential(*[copy.deepcopy(layer) for layer in leaves(network)])
    generator = torch.Generator(device=images.device).manual_seed(seed)
    with torch.no_grad():
        x = encode_poisson(images, steps, generator)
        for layer in result:
            if isinstance(layer, LIF):
                layer.threshold.fill_(_threshold(x, percentile))
                x, _ = layer(x)
            else:
                x = stateless(layer, x)
    return result


def _threshold(drive: Tensor, percentile: float) -> float:
    """Return the largest drive, or its percentile over all neurons, images and steps."""
    if percentile >= 100:
        highest = float(drive.max())
    else:
        k = max(1, round(drive.numel() * percentile / 100))
        highest = float(drive.flatten().kthvalue(k).values)
    if highest <= 0:
        msg = "a layer never gets a positive drive; its neurons would have no threshold"
        raise ParameterError(msg)
    return highest
