"""This module is thresholds that fit the chip: each layer's gain is taken up by its neurons."""

import copy
from typing import cast

import torch
from torch import Tensor, nn

from xbarsim.errors import ParameterError
from xbarsim.exchange import as_network
from xbarsim.hardware import keep_summaries
from xbarsim.inference import Encoder, encode
from xbarsim.network import LIF, as_sequential, stateless

_BATCH = 64


def recalibrate_thresholds(
    hardware: nn.Module,
    software: nn.Module,
    images: Tensor,
    steps: int,
    *,
    seed: int = 0,
    encoder: Encoder = "poisson",
) -> nn.Sequential:
    r"""Return a copy whose thresholds are scaled by how large each layer's drive really is.

    $\theta_l \leftarrow \theta_l \langle x^{hw}, x^{sw}\rangle / \langle x^{sw}, x^{sw}\rangle$ over
    images, steps and neurons, with every layer fed the software's spikes, so that one pass serves
    all layers. A chip can do the same with one reference per layer. It is for networks of any leak
    and reset; what a spike subtracts or sets goes along. ``search_thresholds`` is the search for
    converted ones.

    Args:
        hardware: Network made by ``to_crossbar`` from ``software``.
        software: Feed-forward network of stateless layers and neurons.
        images: Images to compare drives on; their number is the cure's cost.
        steps: Time-steps.
        seed: Seed of the input spikes.
        encoder: How an image becomes the input of each step.

    Raises:
        ParameterError: If the networks do not match, or a layer's drive is lost on the chip.
    """
    chip, plain = copy.deepcopy(as_sequential(hardware)), as_sequential(as_network(software))
    neurons = [k for k, layer in enumerate(chip) if isinstance(layer, LIF)]
    if len(chip) != len(plain) or not neurons:
        msg = (
            f"hardware has {len(chip)} layers, {len(neurons)} of them neurons, and software has "
            f"{len(plain)}; compare a network with what to_crossbar made of it"
        )
        raise ParameterError(msg)
    pairs = list(zip(plain, chip, strict=True))
    sums = {k: [0.0, 0.0] for k in neurons}
    generator = torch.Generator(device=images.device).manual_seed(seed)
    with torch.inference_mode():
        for part in torch.split(images, _BATCH):
            _compare(pairs, encode(part, steps, generator, encoder), sums)
    for k, (together, power) in sums.items():
        scale = together / power if power > 0 else 0.0
        if scale <= 0:
            msg = f"layer {k} has no drive in common with software (scale {scale:g}); use a gain first"
            raise ParameterError(msg)
        _scale(cast("LIF", chip[k]), scale)
    keep_summaries(hardware, chip)
    return chip


def _scale(neurons: LIF, factor: float) -> None:
    """Multiply whatever a membrane is compared with or set to; one tensor may have two names."""
    found = (getattr(neurons, name, None) for name in ("threshold", "amount", "reset_to"))
    for tensor in {id(t): t for t in found if t is not None}.values():
        tensor.data.mul_(factor)


def _compare(
    pairs: list[tuple[nn.Module, nn.Module]], x: Tensor, sums: dict[int, list[float]]
) -> None:
    """Add up the products of both drives before every layer of neurons."""
    other = x
    for k, (software, hardware) in enumerate(pairs):
        if isinstance(software, LIF):
            sums[k][0] += float((x * other).double().sum())
            sums[k][1] += float(x.double().square().sum())
            x = software(x)[0]
            other = x
        else:
            x, other = stateless(software, x), stateless(hardware, other)
