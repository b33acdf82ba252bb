"""This module is what a simulation leaves behind: the network's opinion after every time-step."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xbarsim.errors import ParameterError
from xbarsim.inference.errors import ErrorTrace


@dataclass(frozen=True)
class InferenceTrace:
    """Result of a simulation over time-steps.

    Attributes:
        logits: Mean output up to and including each step, [time, batch, class].
        rates: Mean spikes per neuron and step, [layer, time].
        errors: How far every layer is from software; None unless it was compared.
    """

    logits: NDArray[np.float32]
    rates: NDArray[np.float64]
    errors: ErrorTrace | None = None

    def accuracy(self, labels: NDArray[np.int64] | Tensor) -> NDArray[np.float64]:
        """Return the share of right classifications after each time-step, [time].

        Args:
            labels: Class of every image, [batch]; numpy or torch.

        Raises:
            ParameterError: If there is not one label for every image.
        """
        wanted = torch.as_tensor(labels).numpy(force=True)
        images = self.logits.shape[1]
        if wanted.shape != (images,):
            msg = f"labels have the shape {wanted.shape}; the trace is of {images} images"
            raise ParameterError(msg)
        return np.asarray((self.logits.argmax(axis=2) == wanted[None]).mean(axis=1))
