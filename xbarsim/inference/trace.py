"""This module is what a simulation leaves behind: the network's opinion after every time-step."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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

    def accuracy(self, labels: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the share of right classifications after each time-step, [time]."""
        return np.asarray((self.logits.argmax(axis=2) == labels[None]).mean(axis=1))
