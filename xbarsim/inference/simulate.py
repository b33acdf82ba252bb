"""This module is the simulation of a spiking network on images, batch by batch, step by step."""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xbarsim.errors import ParameterError
from xbarsim.exchange import as_network
from xbarsim.inference.encode import Encoder, encode
from xbarsim.inference.errors import layer_errors
from xbarsim.inference.trace import InferenceTrace
from xbarsim.network import unroll

_BATCH = 128


def simulate(
    network: nn.Module,
    images: Tensor,
    steps: int,
    *,
    seed: int = 0,
    batch: int = _BATCH,
    chunk: int | None = None,
    encoder: Encoder = "poisson",
    software: nn.Module | None = None,
    on_batch: Callable[[int], None] | None = None,
) -> InferenceTrace:
    """Run a spiking network on images; nothing is kept in the network.

    Args:
        network: Feed-forward network of stateless layers and neurons; its last layer accumulates.
        images: Pixels in [0, 1], [image, channel, height, width].
        steps: Number of time-steps T.
        seed: Seed of the input spikes; the same images get the same spikes at any ``chunk``.
        batch: Images at a time.
        chunk: Time-steps at a time (memory against speed); all by default.
        encoder: How an image becomes the input of each step.
        software: When given, the network is also compared with it, layer by layer and step by
            step, on the same input spikes; see ``layer_errors`` for the comparison alone.
        on_batch: Called with the number of images just finished.

    Returns:
        Logits after every step, spike rates per layer and step, and the errors if asked for.
    """
    if steps < 1:
        msg = f"steps is {steps}; a simulation needs at least one time-step"
        raise ParameterError(msg)
    network = as_network(network)
    generator = torch.Generator(device=images.device).manual_seed(seed)
    logits, rates = [], []
    with torch.inference_mode():
        for start in range(0, len(images), batch):
            part = images[start : start + batch]
            source = partial(encode, part, generator=generator, encoder=encoder)
            out, fired = _run_batch(network, source, steps, chunk or steps)
            logits.append(out)
            rates.append(fired * len(part))
            if on_batch is not None:
                on_batch(len(part))
    mean = np.sum(rates, axis=0) / len(images)
    errors = None
    if software is not None:
        errors = layer_errors(
            network, as_network(software), images, steps, seed=seed, batch=batch, encoder=encoder
        )
    return InferenceTrace(np.concatenate(logits, axis=1), mean, errors)


def _run_batch(
    network: nn.Module, source: Callable[[int], Tensor], steps: int, chunk: int
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return cumulative mean logits [time, batch, class] and rates [layer, time] of one batch."""
    state = None
    outputs: list[Tensor] = []
    rates: list[NDArray[np.float64]] = []
    for start in range(0, steps, chunk):
        spikes = source(min(chunk, steps - start))
        out, state, fired = unroll(network, spikes, state, start=start)
        outputs.append(out)
        means = [s.mean(dim=tuple(range(1, s.dim()))).double().numpy(force=True) for s in fired]
        rates.append(np.array(means).reshape(len(fired), len(spikes)))
    total = torch.cat(outputs).cumsum(dim=0)
    count = torch.arange(1, steps + 1, device=total.device)[:, None, None]
    return (total / count).float().numpy(force=True), np.concatenate(rates, axis=1)


def classify(network: nn.Module, images: Tensor, *, batch: int = 4 * _BATCH) -> NDArray[np.int64]:
    """Return the class of every image according to a network without time."""
    with torch.inference_mode():
        parts = [network(images[k : k + batch]).argmax(1) for k in range(0, len(images), batch)]
    return np.asarray(torch.cat(parts).numpy(force=True), dtype=np.int64)
