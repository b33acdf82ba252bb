"""This module is ANN-SNN conversion: ReLUs become integrate-and-fire neurons (Algorithm 1)."""

import copy
from collections.abc import Iterable, Iterator

import torch
from torch import Tensor, nn

from xbarsim.errors import ParameterError
from xbarsim.inference import encode_poisson
from xbarsim.network import (
    LIF,
    as_sequential,
    fold_batch_norm,
    for_inference,
    leaves,
    run_counting,
)

_STEPS_IN_MEMORY = 2000
_DROPPED = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d)
_KEPT = (
    *(nn.Linear, nn.Conv1d, nn.Conv2d, nn.Flatten),
    *(nn.AvgPool1d, nn.AvgPool2d, nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d),
)


def convert(
    network: nn.Module, images: Tensor, steps: int, *, seed: int = 0, percentile: float = 100.0
) -> nn.Sequential:
    """Convert a trained ReLU network into a spiking one.

    Args:
        network: Any feed-forward network of convolutions, linear layers, ReLUs, average pools and
            flattening; batch norms are folded into the layers before them, dropout is left out.
        images: Images to search thresholds on, pixels in [0, 1].
        steps: Time-steps T of the search.
        seed: Seed of the Poisson spikes.
        percentile: 100 takes the largest pre-activation (Algorithm 1), less ignores outliers. [%]

    Returns:
        A network with the same weights, integrate-and-fire neurons and searched thresholds.

    Raises:
        ParameterError: If the network has no ReLU, a batch norm that cannot be folded, or a layer
            that spikes cannot stand for.
    """
    folded = fold_batch_norm(as_sequential(network))
    layers = [_spiking(layer) for layer in folded if not isinstance(layer, _DROPPED)]
    if not any(isinstance(layer, LIF) for layer in layers):
        msg = "the network has no ReLU layer, so there is nothing to convert into neurons"
        raise ParameterError(msg)
    spiking = nn.Sequential(*layers).eval()
    return search_thresholds(spiking, images, steps, seed=seed, percentile=percentile)


def _spiking(layer: nn.Module) -> nn.Module:
    """Return a neuron for a ReLU, and any layer that is linear as it is."""
    if isinstance(layer, nn.ReLU):
        return LIF()
    if isinstance(layer, _KEPT):
        return layer
    msg = (
        f"a {type(layer).__name__} cannot be converted: rates of spikes stand for ReLU activations "
        "between linear layers; use nn.ReLU, and nn.AvgPool2d for pooling, and train again"
    )
    raise ParameterError(msg)


def search_thresholds(
    network: nn.Module,
    images: Tensor,
    steps: int,
    *,
    seed: int = 0,
    percentile: float = 100.0,
    batch: int | None = None,
) -> nn.Sequential:
    r"""Return a copy whose neurons have the thresholds that Algorithm 1 finds, first layer first.

    Each layer is driven by the spikes of the layers before it, whose thresholds are set already.
    These layers run again for every threshold, so that memory does not grow with images or depth.

    A rate of 1 after the neurons of layer k stands for $\prod_{j \le k} \theta_j$, so a bias is
    scaled by what this product was before the search over what it is after it (biases:
    B. Rueckauer et al. 2017, DOI 10.3389/fnins.2017.00682).

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
    scale = 1.0
    for position, layer in enumerate(result):
        if isinstance(layer, LIF):
            drives = _drives(nn.Sequential(*list(result)[:position]), images, steps, seed, size)
            threshold = _threshold(drives, len(images), percentile)
            scale *= float(layer.threshold) / threshold
            layer.threshold.data.fill_(threshold)
        elif isinstance(bias := getattr(layer, "bias", None), Tensor):
            bias.data.mul_(scale)
    return result


def _drives(
    layers: nn.Sequential, images: Tensor, steps: int, seed: int, size: int
) -> Iterator[Tensor]:
    """Yield the output [time, batch, ...] of the first layers, the same spikes at every call."""
    generator = torch.Generator(device=images.device).manual_seed(seed)
    fast = for_inference(layers)
    for part in images.split(size):  # type: ignore[no-untyped-call]
        with torch.no_grad():
            yield run_counting(fast, encode_poisson(part, steps, generator))[0]


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
