"""This module is how an image becomes the input of every time-step."""

from typing import Literal

import torch
from torch import Tensor

from xbarsim.errors import ParameterError

Encoder = Literal["poisson", "ternary", "direct"]


def encode(images: Tensor, steps: int, generator: torch.Generator, encoder: Encoder) -> Tensor:
    r"""Return the input of every time-step, [time, *images], in the images' dtype.

    With fresh $u \sim U(0, 1)$ for every pixel x and step: ``poisson`` $[u < x]$, x in [0, 1];
    ``ternary`` $\mathrm{sign}(x) [2u < |x|]$, any x (the form of Kim and Panda 2021,
    DOI 10.3389/fnins.2021.773954); ``direct``: x itself at every step.

    Args:
        images: Pixels, [batch, ...].
        steps: Number of time-steps.
        generator: Random stream, on the images' device.
        encoder: One of the three.

    Raises:
        ParameterError: If a pixel is outside [0, 1] where the encoder needs it inside.
    """
    if encoder == "poisson":
        return encode_poisson(images, steps, generator)
    if encoder == "direct":
        return images.expand(steps, *images.shape)
    size = images.abs() / 2
    return torch.stack([images.sign() * _draw(size, generator) for _ in range(steps)])


def encode_poisson(images: Tensor, steps: int, generator: torch.Generator) -> Tensor:
    """Return Bernoulli spikes [time, *images]: 1 with the pixel's value as probability, each step.

    Args:
        images: Pixels between 0 and 1, [batch, ...].
        steps: Number of time-steps.
        generator: Random stream, on the images' device.

    Returns:
        Spikes (0 or 1) in the images' dtype.

    Raises:
        ParameterError: If a pixel is outside [0, 1].
    """
    low, high = float(images.min()), float(images.max())
    if low < 0 or high > 1:
        msg = f"pixels run from {low:g} to {high:g}; Poisson input needs values in [0, 1]"
        raise ParameterError(msg)
    # One draw a step, so that the spikes do not depend on how many steps are asked for at a time.
    return torch.stack([_draw(images, generator) for _ in range(steps)])


def _draw(images: Tensor, generator: torch.Generator) -> Tensor:
    draws = torch.rand(images.shape, generator=generator, device=images.device)
    return (draws < images).to(images.dtype)
