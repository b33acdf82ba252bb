"""This module is how the compiled neuron loop is put to work: memory layouts and threads."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xbarsim.network.params import NeuronParams
from xbarsim.network.threads import in_threads


def is_fusable(drive: Tensor, leak: Tensor, threshold: Tensor) -> bool:
    """Return whether the compiled loop can run this layer: on a CPU, with nothing to learn."""
    return (
        drive.device.type == "cpu"
        and drive.dtype in {torch.float32, torch.float64}
        and drive.numel() > 0
        and not (torch.is_grad_enabled() and (leak.requires_grad or threshold.requires_grad))
        and not torch.compiler.is_compiling()
    )


def fused_forward(
    drive: Tensor, membrane: Tensor, leak: float, threshold: float, params: NeuronParams, *,
    keep: bool,
) -> tuple[Tensor, Tensor, Tensor | None]:  # fmt: skip
    """Return spikes [time, batch, ...], the last membrane and, if asked, membranes before resets."""
    from xbarsim.network.kernel import neurons_forward

    x = _stacked(drive)
    spikes = torch.empty_like(x)
    before = torch.empty_like(x) if keep else spikes
    initial = membrane.detach().contiguous(memory_format=layout_of(x))
    after = torch.empty_like(initial)
    number = x.numpy().dtype.type
    rows = [_rows(tensor, len(drive)) for tensor in (x, spikes, before)]
    source, state = _rows(initial, 1)[0], _rows(after, 1)[0]

    def run(first: int, last: int) -> None:
        x, fired, kept = rows
        neurons_forward(
            x, source, number(leak), number(threshold), params.reset == "subtract", keep, fired,
            kept, state, first, last,
        )  # fmt: skip

    in_threads(run, rows[0].shape[1], len(rows[0]))
    return spikes.view(drive.shape), after, before.view(drive.shape) if keep else None


def fused_backward(
    before: Tensor, grad_spikes: Tensor, later: Tensor | None, leak: float, threshold: float,
    params: NeuronParams,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Return the gradients of the drive and of the first membrane."""
    from xbarsim.network.kernel import neurons_backward

    x = _stacked(before)
    layout = layout_of(x)
    spikes = grad_spikes.flatten(0, 1).contiguous(memory_format=layout)
    grad = torch.empty_like(x)
    rest = before.new_zeros(before.shape[1:]) if later is None else later.clone()
    rest = rest.contiguous(memory_format=layout)
    number = x.numpy().dtype.type
    rows = [_rows(tensor, len(before)) for tensor in (x, spikes, grad)]
    state = _rows(rest, 1)[0]

    def run(first: int, last: int) -> None:
        u, grad_out, out = rows
        neurons_backward(
            u, grad_out, state, number(leak), number(threshold), params.reset == "subtract",
            params.detach_reset, params.surrogate == "triangle", out, first, last,
        )  # fmt: skip

    in_threads(run, rows[0].shape[1], len(rows[0]))
    return grad.view(before.shape), rest


def layout_of(x: Tensor) -> torch.memory_format:
    """Return the memory layout that a copy of ``x`` should have."""
    is_last = x.dim() == 4 and x.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if is_last else torch.contiguous_format


def _stacked(x: Tensor) -> Tensor:
    """Return [time, batch, ...] as [time x batch, ...], dense, copied only where it is not."""
    x = x.detach().flatten(0, 1)
    return x.contiguous(memory_format=layout_of(x))


def _rows(x: Tensor, count: int) -> NDArray[Any]:
    """Return a dense tensor's memory, in the order in which it lies, as ``count`` rows."""
    width = x.numel() // count
    return np.asarray(x.as_strided((count, width), (width, 1)).numpy())
