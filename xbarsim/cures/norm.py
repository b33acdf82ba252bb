"""This module is noise-aware batch norm: running statistics that follow the chip's own currents."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from xbarsim.errors import ParameterError
from xbarsim.inference import Encoder, encode
from xbarsim.network import BatchNormThroughTime, unroll

_Norm = nn.BatchNorm1d | nn.BatchNorm2d | BatchNormThroughTime


def adapt_norm(
    hardware: nn.Module,
    images: Tensor,
    steps: int,
    *,
    seed: int = 0,
    batch: int = 64,
    encoder: Encoder = "poisson",
) -> nn.Module:
    """Return a copy whose batch norms have the statistics of the hardware's own drives.

    Weights, scales and offsets stay as they are (the paper's Section IV-E). While samples are
    forwarded, layers normalise by their batch, as in training; what is kept is the mean and the
    unbiased variance over all samples, so that neither a momentum nor the order of batches matters.

    Args:
        hardware: Network on crossbars.
        images: Samples to forward; their number is the cure's cost.
        steps: Time-steps; 0 for a network without time.
        seed: Seed of the input spikes.
        batch: Images at a time.
        encoder: How an image becomes the input of each step.

    Raises:
        ParameterError: If the network has no batch norm, or there are fewer than two samples.
    """
    result = copy.deepcopy(hardware).eval()
    norms = [m for m in result.modules() if isinstance(m, _Norm)]
    if not norms or len(images) < 2:
        msg = (
            f"there are {len(norms)} batch norms and {len(images)} samples; adaptation needs a "
            "network with batch norm, and two samples or more"
        )
        raise ParameterError(msg)
    sums = [_Moments(norm) for norm in norms]
    generator = torch.Generator(device=images.device).manual_seed(seed)
    with torch.no_grad():
        for part in torch.split(images, batch):
            if steps:
                unroll(result, encode(part, steps, generator, encoder))
            else:
                result(part)
    for each in sums:
        each.store()
    return result.eval()


class _Moments:
    """Sums over everything that a batch norm is given, [time, channel] or [channel]."""

    def __init__(self, norm: Any) -> None:  # noqa: ANN401
        self.norm = norm.train()
        self.timed = isinstance(norm, BatchNormThroughTime)
        self.count = 0
        self.first = torch.zeros_like(norm.running_mean, dtype=torch.float64)
        self.second = torch.zeros_like(self.first)
        self.handle = norm.register_forward_pre_hook(self._see)

    def _see(self, _: nn.Module, inputs: tuple[Any, ...]) -> None:
        x = inputs[0].double()
        channel = 2 if self.timed else 1
        axes = [k for k in range(x.dim()) if k != channel and (k > 0 or not self.timed)]
        first = slice(inputs[1], inputs[1] + len(x)) if self.timed and len(inputs) > 1 else None
        rows = slice(0, len(x)) if self.timed and first is None else first
        if self.timed:
            self.first[rows] += x.sum(axes)
            self.second[rows] += x.square().sum(axes)
            self.count += x[0].numel() // x.shape[2]
        else:
            self.first += x.sum(axes)
            self.second += x.square().sum(axes)
            self.count += x.numel() // x.shape[1]

    def store(self) -> None:
        """Give the batch norm the statistics of all samples."""
        self.handle.remove()
        mean = self.first / self.count
        spread = (self.second / self.count - mean.square()).clamp(min=0)
        self.norm.running_mean.copy_(mean)
        self.norm.running_var.copy_(spread * self.count / max(self.count - 1, 1))
        self.norm.eval()
