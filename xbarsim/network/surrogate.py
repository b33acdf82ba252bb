"""This module is the spike, and the gradient that stands in for its missing derivative."""

from typing import Any, Literal

import torch
from torch import Tensor

Surrogate = Literal["triangle", "rectangle"]


class Spike(torch.autograd.Function):
    r"""Heaviside step of the distance to threshold, with a surrogate gradient.

    Forward $s = [x > 0]$ with $x = (v - \theta)/\theta$. Backward, ``triangle`` (the paper's Eq. 3)
    $\partial s/\partial v = \max(0, 1 - |x|)$, or ``rectangle`` (Wu et al. 2018,
    DOI 10.3389/fnins.2018.00331) $[|x| < 1/2]$.
    """

    @staticmethod
    def forward(ctx: Any, membrane: Tensor, threshold: Tensor, surrogate: Surrogate) -> Tensor:  # noqa: ANN401
        """Return 1 where the membrane exceeds the threshold, else 0."""
        ctx.save_for_backward(membrane, threshold)
        ctx.surrogate = surrogate
        return (membrane > threshold).to(membrane.dtype)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor | None, None]:  # noqa: ANN401
        """Return the gradient by the surrogate for membrane and threshold."""
        membrane, threshold = ctx.saved_tensors
        grad = grads[0] * slope_of(membrane, threshold, ctx.surrogate)
        grad_threshold = -grad.sum_to_size(threshold.shape) if ctx.needs_input_grad[1] else None
        return grad, grad_threshold, None


def slope_of(membrane: Tensor, threshold: Tensor, surrogate: Surrogate) -> Tensor:
    """Return the surrogate of the spike's derivative, in a tensor of its own."""
    distance = membrane.div(threshold).sub_(1).abs_()
    if surrogate == "triangle":
        return distance.neg_().add_(1).clamp_min_(0)
    return (distance < 0.5).to(membrane.dtype)
