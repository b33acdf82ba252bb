"""This module is what layers driven by events share: weights as rows, and what is left to torch."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

EVENTS = "xbarsim::convolve_events"
"""The name under which profiles of torch show their sums."""
LANES, _BLOCK = 16, 64
"""Layers need a multiple of so many outputs; so many at most are summed up at a time."""


def rows_of(taps: Tensor) -> Tensor:
    """Return weights [input, output] as [block of outputs, input, output of the block]."""
    outputs = taps.shape[1]
    width = next(w for w in (_BLOCK, 2 * LANES, LANES) if outputs % w == 0)
    return taps.reshape(-1, outputs // width, width).transpose(0, 1).contiguous()


def start_of(layer: nn.Conv2d | nn.Linear) -> NDArray[np.float32]:
    """Return where the sums start, [output]: at the bias, or at zero."""
    if layer.bias is None:
        return np.zeros(len(layer.weight), np.float32)
    return np.asarray(layer.bias.detach().numpy(), np.float32)


def is_left_to_torch(x: Tensor, layer: nn.Conv2d | nn.Linear) -> bool:
    """Return whether gradients may be asked for, or numbers are of a kind that is not compiled."""
    learns = x.requires_grad or layer.weight.requires_grad
    return x.dtype != torch.float32 or (torch.is_grad_enabled() and learns)
