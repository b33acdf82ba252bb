"""This module is ANN-SNN conversion: ReLUs become integrate-and-fire neurons (Algorithm 1)."""

import copy
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from xbarsim.errors import ParameterError
from xbarsim.inference import encode_poisson
from xbarsim.network import LIF, fold_batch_norm, leaves, unroll

_STEPS_IN_MEMORY = 2000


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
    network: nn.Module,
    images: Tensor,
    steps: int,
    *,
    seed: int = 0,
    percentile: float = 100.0,
    batch: int | None = None,
) -> nn.Sequential:
    """Return a copy whose neurons have the thresholds that Algorithm 1 finds, first layer first.

    Each layer is driven by the spikes of the layers before it, whose thresholds are set already.
    These layers run again for every threshold, so that memory does not grow with images or depth.

    Args:
        network: Feed-forward network of stateless layers and neurons.
        images: Images to search thresholds on, pixels in [0, 1].
        steps: Time-steps T of the search.
        seed: Seed of the Poisson spikes.
        percentile: 100 takes the largest pre-activation, less ignores outliers. [%]
        batch: Images in memory at a time; by default so many that 2000 time-steps are.
    """
    result = nn.Sequential(*[copy.deepcopy(layer) for layer in leaves(network)])
    size = batch or max(1, _STEPS_IN_MEMORY // steps)
    for position, layer in enumerate(result):
        if isinstance(layer, LIF):
            drives = _drives(nn.Sequential(*list(result)[:position]), images, steps, seed, size)
            layer.threshold.data.fill_(_threshold(drives, len(images), percentile))
    return result


def _drives(
    layers: nn.Sequential, images: Tensor, steps: int, seed: int, size: int
) -> Iterator[Tensor]:
    """Yield the output [time, batch, ...] of the first layers, the same spikes at every call."""
    generator = torch.Generator(device=images.device).manual_seed(seed)
    for part in images.split(size):  # type: ignore[no-untyped-call]
        with torch.no_grad():
            yield unroll(layers, encode_poisson(part, steps, generator))[0]


def _threshold(drives: Iterable[Tensor], n_images: int, percentile: float) -> float:
    """Return the largest drive, or its percentile over all neurons, images and steps."""
    top: Tensor | None = None
    for drive in drives:
        # Of n values sorted upwards the percentile is number p n / 100: keep what is not below it.
        total = drive[:, 0].numel() * n_images
        keep = total - max(1, round(total * min(percentile, 100.0) / 100)) + 1
        values = drive.flatten() if top is None else torch.cat([top, drive.flatten()])
        top = values.topk(min(keep, len(values))).values if keep > 1 else values.max()[None]
    highest = 0.0 if top is None else float(top[-1])
    if highest <= 0:
        msg = (
            "a layer never gets a positive drive, so its neurons would have no threshold; search "
            "with more time-steps or images"
        )
        raise ParameterError(msg)
    return highest
