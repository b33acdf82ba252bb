"""This module is how a network is measured on the test images, with and without time."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xbarsim.data import Dataset
from xbarsim.inference import Encoder, InferenceTrace, simulate

_IMAGES_AT_A_TIME = 128


def measure_trace(
    network: nn.Module,
    data: Dataset,
    steps: int,
    *,
    encoder: Encoder = "poisson",
    images: int | None = None,
    on_batch: Callable[[int], None] | None = None,
) -> InferenceTrace:
    """Return what a network says about the test images after each time-step, and its spike rates.

    Args:
        network: A spiking network, or one without time.
        data: Data set.
        steps: Time-steps; 0 for a network without time.
        encoder: How an image becomes the input of each step.
        images: Use only the first so many test images; all by default.
        on_batch: Called with the number of images just finished.

    Returns:
        The trace; that of a network without time has one step, and no layer of neurons.
    """
    part = data.test_images[:images]
    if steps == 0:
        logits = _logits(network, part, on_batch)
        return InferenceTrace(logits.float().numpy(force=True)[None], np.empty((0, 1)))
    return simulate(
        network, part, steps, encoder=encoder, batch=_IMAGES_AT_A_TIME, on_batch=on_batch
    )


def measure_accuracy(
    network: nn.Module,
    data: Dataset,
    steps: int,
    *,
    encoder: Encoder = "poisson",
    images: int | None = None,
    on_batch: Callable[[int], None] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the share of test images classified right after each time-step, and spike rates.

    Arguments are those of ``measure_trace``.

    Returns:
        Accuracy [time], one value for a network without time; mean spikes per neuron and step
        [layer, time], empty without time.
    """
    trace = measure_trace(
        network, data, steps, encoder=encoder, images=images, on_batch=on_batch
    )  # fmt: skip
    return trace.accuracy(data.test_labels[:images]), trace.rates


def _logits(
    network: nn.Module, images: Tensor, on_batch: Callable[[int], None] | None, batch: int = 512
) -> Tensor:
    """Return the output of a network without time, [image, class]."""
    outputs = []
    with torch.inference_mode():
        for start in range(0, len(images), batch):
            part = images[start : start + batch]
            outputs.append(network(part))
            if on_batch is not None:
                on_batch(len(part))
    return torch.cat(outputs)
