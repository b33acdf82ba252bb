"""This module is batch norm over time-steps as one node of the graph, compiled where it can be."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xbarsim.network.fused import layout_of
from xbarsim.network.threads import in_threads


def is_compiled(x: Tensor) -> bool:
    """Return whether the compiled loops can normalise ``x`` [time, batch, channel, ...]: on CPUs.

    Channels have to be last in memory.
    """
    if x.device.type != "cpu" or x.dtype not in {torch.float32, torch.float64} or not x.numel():
        return False
    return x.dim() == 3 or (x.dim() == 5 and layout_of(x.flatten(0, 1)) == torch.channels_last)


class NormThroughTime(torch.autograd.Function):
    r"""Normalise every step by its own mean and variance, scaled by $\gamma$ [time, channel].

    $y = \gamma (x - \mu) / \sqrt{\sigma^2 + \epsilon}$; mean and variance come out, too, for the
    running statistics, without gradients of their own.
    """

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        x: Tensor,
        gamma: Tensor,
        eps: float,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the normalised ``x`` [time, batch, channel, ...], means and variances."""
        from xbarsim.network.norm_kernel import norm_apply, norm_statistics

        dense = _dense(x)
        y = torch.empty_like(dense)
        mean, var = torch.empty_like(gamma), torch.empty_like(gamma)
        items, out = _items(dense, len(x)), _items(y, len(x))
        in_threads(
            lambda first, last: norm_statistics(items, mean.numpy(), var.numpy(), first, last),
            len(x), items[0].size,
        )  # fmt: skip
        rstd = torch.rsqrt(var + eps)
        shift, scale = mean.numpy(), (gamma.detach() * rstd).numpy()
        in_threads(
            lambda first, last: norm_apply(items, shift, scale, out, first, last),
            len(x), items[0].size,
        )  # fmt: skip
        ctx.save_for_backward(dense, gamma, mean, rstd)
        ctx.mark_non_differentiable(mean, var)
        return y.view(x.shape), mean, var

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:  # noqa: ANN401
        """Return the gradients of ``x`` and ``gamma``."""
        from xbarsim.network.norm_kernel import norm_backward

        dense, gamma, mean, rstd = ctx.saved_tensors
        steps = len(gamma)
        grad = grads[0].flatten(0, 1).contiguous(memory_format=layout_of(dense))
        grad_x, grad_gamma = torch.empty_like(dense), torch.empty_like(gamma)
        arrays = [_items(t, steps) for t in (dense, grad)]
        arrays += [t.detach().numpy() for t in (mean, rstd, gamma)]
        arrays += [_items(grad_x, steps), grad_gamma.numpy()]
        in_threads(
            lambda first, last: norm_backward(*arrays, first, last), steps, arrays[0][0].size
        )
        return grad_x.view(grads[0].shape), grad_gamma, None


def _dense(x: Tensor) -> Tensor:
    x = x.detach().flatten(0, 1)
    return x.contiguous(memory_format=layout_of(x))


def _items(x: Tensor, steps: int) -> NDArray[Any]:
    """Return dense memory with channels last as [time, item, channel]."""
    last = x.movedim(1, -1)
    return np.asarray(last.numpy().reshape(steps, -1, x.shape[1]))
