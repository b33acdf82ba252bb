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
from xbarsim.network import PerStepLayer, State, for_inference, leaves, run_counting

_BATCH = 128
# So many images for so many steps keep threads busy between their meetings; more only takes memory.
_STEPS_AT_A_TIME, _IMAGES_AT_A_TIME = 10, 8


def simulate(
    network: nn.Module,
    images: Tensor,
    steps: int,
    *,
    seed: int = 0,
    batch: int = _BATCH,
    chunk: int | None = None,
    group: int | None = None,
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
        batch: Images whose input spikes are drawn together.
        chunk: Time-steps at a time; by default 10 or a little less on CPUs, all elsewhere.
        group: Images at a time; by default 8 on CPUs, all of a batch elsewhere. Neither changes the
            result: they trade memory and caches against speed.
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
    layers = for_inference(network)
    chunk, group = _portions(network, images, steps, batch, chunk, group)
    generator = torch.Generator(device=images.device).manual_seed(seed)
    logits, rates = [], []
    with torch.inference_mode():
        for start in range(0, len(images), batch):
            part = images[start : start + batch]
            source = partial(encode, part, generator=generator, encoder=encoder)
            out, fired = _run_batch(layers, source, steps, chunk, group)
            logits.append(out)
            rates.append(fired)
            if on_batch is not None:
                on_batch(len(part))
    mean = np.sum(rates, axis=0) / len(images)
    errors = None
    if software is not None:
        errors = layer_errors(
            network, as_network(software), images, steps, seed=seed, batch=batch, encoder=encoder
        )
    return InferenceTrace(np.concatenate(logits, axis=1), mean, errors)


def _portions(
    network: nn.Module, images: Tensor, steps: int, batch: int, chunk: int | None, group: int | None
) -> tuple[int, int]:
    """Return how many time-steps and how many images to run at a time."""
    # Layers that tell steps apart work image by image themselves; a tap asks ngspice once a call.
    whole = any(isinstance(layer, PerStepLayer) for layer in leaves(network))
    if images.device.type != "cpu":
        return chunk or steps, group or batch
    parts = -(-steps // _STEPS_AT_A_TIME)
    return chunk or -(-steps // parts), group or (batch if whole else _IMAGES_AT_A_TIME)


def _run_batch(
    network: nn.Module, source: Callable[[int], Tensor], steps: int, chunk: int, group: int
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Return cumulative mean logits [time, batch, class], and spikes per neuron [layer, time]."""
    front, back = _halves(network)
    states: dict[int, State] = {}
    outputs: list[Tensor] = []
    spikes: list[NDArray[np.float64]] = []
    for start in range(0, steps, chunk):
        inputs = source(min(chunk, steps - start))
        parts, fired = [], []
        for k, x in enumerate(torch.split(inputs, group, dim=1)):
            y, states[k], counts = run_counting(front, x, states.get(k), start=start)
            parts.append(y)
            fired.append(counts)
        y = torch.cat(parts, dim=1)
        out, states[-1], late = run_counting(back, y, states.get(-1), start=start)
        outputs.append(out)
        spikes.append(np.concatenate([np.sum(fired, axis=0), late]))
    total = torch.cat(outputs).cumsum(dim=0)
    count = torch.arange(1, steps + 1, device=total.device)[:, None, None]
    return (total / count).float().numpy(force=True), np.concatenate(spikes, axis=1)


def _halves(network: nn.Module) -> tuple[nn.Sequential, nn.Sequential]:
    """Return the layers up to the first fully connected one, and the others.

    Fully connected layers read all their weights for every product, so they get all images at once.
    """
    layers = list(leaves(network))
    flat = [k for k, layer in enumerate(layers) if isinstance(layer, nn.Flatten | nn.Linear)]
    first = flat[0] if flat else len(layers)
    return nn.Sequential(*layers[:first]), nn.Sequential(*layers[first:])


def classify(network: nn.Module, images: Tensor, *, batch: int = 4 * _BATCH) -> NDArray[np.int64]:
    """Return the class of every image according to a network without time."""
    with torch.inference_mode():
        parts = [network(images[k : k + batch]).argmax(1) for k in range(0, len(images), batch)]
    return np.asarray(torch.cat(parts).numpy(force=True), dtype=np.int64)
