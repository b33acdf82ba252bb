"""This module is how the compiled neuron loop is put to work: memory layouts and threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xbarsim.network.params import NeuronParams

_NEURON_STEPS_PER_THREAD = 500_000


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
    after = membrane.detach().clone(memory_format=_layout(x))
    number = x.numpy().dtype.type
    rows = [_rows(tensor, len(drive)) for tensor in (x, spikes, before)]
    state = _rows(after, 1)[0]

    def run(first: int, last: int) -> None:
        x, fired, kept = rows
        neurons_forward(
            x, state, number(leak), number(threshold), params.reset == "subtract", keep, fired,
            kept, first, last,
        )  # fmt: skip

    _in_threads(run, *rows[0].shape)
    return spikes.view(drive.shape), after, before.view(drive.shape) if keep else None


def fused_backward(
    before: Tensor, grad_spikes: Tensor, later: Tensor | None, leak: float, threshold: float,
    params: NeuronParams,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Return the gradients of the drive and of the first membrane."""
    from xbarsim.network.kernel import neurons_backward

    x = _stacked(before)
    layout = _layout(x)
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

    _in_threads(run, *rows[0].shape)
    return grad.view(before.shape), rest


def _layout(x: Tensor) -> torch.memory_format:
    is_last = x.dim() == 4 and x.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if is_last else torch.contiguous_format


def _stacked(x: Tensor) -> Tensor:
    """Return [time, batch, ...] as [time x batch, ...], dense, copied only where it is not."""
    x = x.detach().flatten(0, 1)
    return x.contiguous(memory_format=_layout(x))


def _rows(x: Tensor, count: int) -> NDArray[Any]:
    """Return a dense tensor's memory, in the order in which it lies, as ``count`` rows."""
    width = x.numel() // count
    return np.asarray(x.as_strided((count, width), (width, 1)).numpy())


def _in_threads(run: Callable[[int, int], None], steps: int, width: int) -> None:
    """Call ``run`` on equal parts of the neurons, one for each of torch's threads."""
    count = max(1, min(torch.get_num_threads(), steps * width // _NEURON_STEPS_PER_THREAD))
    bounds = [width * k // count for k in range(count + 1)]
    if count == 1:
        run(0, width)
        return
    with ThreadPoolExecutor(max_workers=count) as pool:
        for _ in pool.map(run, bounds, bounds[1:]):
            pass
