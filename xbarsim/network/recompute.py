"""This module is training in less memory: activations inside a layer are computed a second time."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from xbarsim.network.bntt import BatchNormThroughTime
from xbarsim.network.neuron import LIF
from xbarsim.network.unroll import leaves, unroll

_Norm = nn.BatchNorm1d | nn.BatchNorm2d | BatchNormThroughTime


def run_recomputing(network: nn.Module, x: Tensor, *, over_time: bool) -> Tensor:
    """Return a network's output; the backward pass keeps only what goes from layer to layer.

    A layer here reaches from one activation to the next. Its inside is computed again when its
    gradient is due (T. Chen et al. 2016, arXiv:1604.06174). Running statistics move once.

    Args:
        network: Feed-forward network.
        x: Input, [time, batch, ...] or [batch, ...].
        over_time: Whether ``x`` has a time axis; neurons start at rest.
    """
    for part in _parts(network):
        run = partial(_output, part, over_time=over_time)
        x = checkpoint(
            run, x, use_reentrant=False, preserve_rng_state=False,
            context_fn=partial(_contexts, part),
        )  # fmt: skip
    return x


def _output(part: nn.Sequential, x: Tensor, *, over_time: bool) -> Tensor:
    return unroll(part, x)[0] if over_time else torch.as_tensor(part(x))


def _parts(network: nn.Module) -> Iterator[nn.Sequential]:
    """Yield the network in parts, each ending in an activation but perhaps the last."""
    part: list[nn.Module] = []
    for layer in leaves(network):
        part.append(layer)
        if isinstance(layer, LIF | nn.ReLU):
            yield nn.Sequential(*part)
            part = []
    if part:
        yield nn.Sequential(*part)


def _contexts(
    part: nn.Sequential,
) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    return nullcontext(), _statistics_at_rest(part)


@contextmanager
def _statistics_at_rest(part: nn.Sequential) -> Iterator[None]:
    """Let norms use a batch's statistics without remembering them a second time."""
    norms = [layer for layer in part if isinstance(layer, _Norm)]
    before = [(norm.momentum, getattr(norm, "num_batches_tracked", None)) for norm in norms]
    counts = [None if count is None else count.clone() for _, count in before]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, (momentum, count), kept in zip(norms, before, counts, strict=True):
            norm.momentum = momentum
            if count is not None and kept is not None:
                count.copy_(kept)
