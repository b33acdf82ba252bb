"""This module is a layer of neurons over many time-steps at once, with its backward pass by hand.

It gives what ``lif_step`` gives step by step, spike for spike, and keeps one tensor for the
backward pass (the membrane before the reset) where automatic differentiation keeps four.
"""

from typing import Any

import torch
from torch import Tensor

from xbarsim.network.fused import fused_backward, fused_forward, is_fusable
from xbarsim.network.params import NeuronParams
from xbarsim.network.surrogate import slope_of


def lif_over_time(
    drive: Tensor, membrane: Tensor, leak: Tensor, threshold: Tensor, params: NeuronParams
) -> tuple[Tensor, Tensor]:
    r"""Run neurons over the time-steps of ``drive`` (the paper's Eq. 1 to 3).

    $u_t = \lambda v_{t-1} + x_t$; $s_t = [u_t > \theta]$; $v_t = u_t - \theta s_t$ or
    $u_t (1 - s_t)$. Without gradients, the membrane is updated in place in one buffer.

    Args:
        drive: Input x, [time, batch, ...].
        membrane: Potential left by the step before, [batch, ...]; not changed.
        leak: λ, a scalar tensor.
        threshold: θ, a scalar tensor.
        params: Reset and surrogate.

    Returns:
        Spikes [time, batch, ...] and the last membrane [batch, ...].
    """
    tensors = (drive, membrane, leak, threshold)
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors):
        return _Unrolled.apply(*tensors, params)  # type: ignore[no-untyped-call, no-any-return]
    if is_fusable(drive, leak, threshold):
        spikes, membrane, _ = fused_forward(
            drive, membrane, leak.item(), threshold.item(), params, keep=False
        )
        return spikes, membrane
    spikes = torch.empty_like(drive)
    membrane = membrane.clone()
    for x, fired in zip(drive, spikes, strict=True):
        membrane.mul_(leak).add_(x)
        torch.gt(membrane, threshold, out=fired)
        _reset(membrane, fired, threshold, params, out=membrane)
    return spikes, membrane


def _reset(
    before: Tensor, spikes: Tensor, threshold: Tensor, params: NeuronParams, out: Tensor
) -> Tensor:
    """Write the membrane after the reset into ``out``."""
    off = threshold if params.reset == "subtract" else before
    return torch.addcmul(before, spikes, off, value=-1, out=out)


class _Unrolled(torch.autograd.Function):
    """All time-steps as one node of the graph."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        drive: Tensor,
        membrane: Tensor,
        leak: Tensor,
        threshold: Tensor,
        params: NeuronParams,
    ) -> tuple[Tensor, Tensor]:
        ctx.set_materialize_grads(False)
        ctx.params = params
        ctx.fused = not any(ctx.needs_input_grad[2:4]) and is_fusable(drive, leak, threshold)
        if ctx.fused:
            numbers = leak.item(), threshold.item()
            spikes, after, kept = fused_forward(drive, membrane, *numbers, params, keep=True)
            ctx.save_for_backward(kept, membrane, leak, threshold)
            return spikes, after
        before, spikes = torch.empty_like(drive), torch.empty_like(drive)
        after = membrane.clone()
        for x, u, fired in zip(drive, before, spikes, strict=True):
            torch.mul(after, leak, out=u).add_(x)
            torch.gt(u, threshold, out=fired)
            _reset(u, fired, threshold, params, out=after)
        ctx.save_for_backward(before, membrane, leak, threshold)
        return spikes, after

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        before, membrane, leak, threshold = ctx.saved_tensors
        grad_spikes = torch.zeros_like(before) if grads[0] is None else grads[0]
        if ctx.fused:
            numbers = leak.item(), threshold.item()
            return (
                *fused_backward(before, grad_spikes, grads[1], *numbers, ctx.params),
                *(None, None, None),
            )
        later = torch.zeros_like(membrane) if grads[1] is None else grads[1].clone()
        grad_drive = torch.empty_like(before)
        parts: list[tuple[Tensor, Tensor]] = []
        for t in range(len(before) - 1, -1, -1):
            previous = before[t - 1] if t else None
            direct, through = _step_back(
                before[t], grad_spikes[t], later, threshold, ctx.params, out=grad_drive[t]
            )
            if ctx.needs_input_grad[2] or ctx.needs_input_grad[3]:
                kept = membrane if previous is None else _after(previous, threshold, ctx.params)
                parts.append(((grad_drive[t] * kept).sum(), -direct.sum() - through.sum()))
            torch.mul(grad_drive[t], leak, out=later)
        grad_leak, grad_threshold = map(sum, zip(*parts, strict=True)) if parts else (None, None)
        return grad_drive, later, grad_leak, grad_threshold, None  # type: ignore[return-value]


def _after(before: Tensor, threshold: Tensor, params: NeuronParams) -> Tensor:
    fired = (before > threshold).to(before.dtype)
    return _reset(before, fired, threshold, params, out=torch.empty_like(before))


def _step_back(
    before: Tensor,
    grad_spikes: Tensor,
    later: Tensor,
    threshold: Tensor,
    params: NeuronParams,
    out: Tensor,
) -> tuple[Tensor, Tensor]:
    """Write the gradient of one step's drive; return the two parts of minus the threshold's."""
    if not params.detach_reset:
        off = threshold if params.reset == "subtract" else before
        grad_spikes = torch.addcmul(grad_spikes, later, off, value=-1)
    fired = before > threshold
    direct = slope_of(before, threshold, params.surrogate).mul_(grad_spikes)
    if params.reset == "subtract":
        torch.add(direct, later, out=out)
        return direct, later * fired if threshold.requires_grad else later
    torch.add(direct, later.masked_fill(fired, 0), out=out)
    return direct, later.new_zeros(())
