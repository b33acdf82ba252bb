"""This module is how accuracy on the test images is measured, with and without time."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from torch import nn

from xbarsim.data import Dataset
from xbarsim.inference import Encoder, classify, simulate

_IMAGES_AT_A_TIME = 128


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

    Args:
        network: A spiking network, or one without time.
        data: Data set.
        steps: Time-steps; 0 for a network without time.
        encoder: How an image becomes the input of each step.
        images: Use only the first so many test images; all by default.
        on_batch: Called with the number of images just finished.

    Returns:
        Accuracy [time], one value for a network without time; mean spikes per neuron and step
        [layer, time], empty without time.
    """
    part, labels = data.test_images[:images], data.test_labels[:images].numpy(force=True)
    if steps == 0:
        right = (classify(network, part) == labels).mean()
        if on_batch is not None:
            on_batch(len(part))
        return np.array([right]), np.empty((0, 1))
    trace = simulate(
        network, part, steps, encoder=encoder, batch=_IMAGES_AT_A_TIME, on_batch=on_batch
    )
    return trace.accuracy(labels), trace.rates
