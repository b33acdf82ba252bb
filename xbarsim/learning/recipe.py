"""This module is a training run as data: everything that decides the weights."""

import hashlib
import json
from typing import Literal

from xbarsim.network import NeuronParams
from xbarsim.parameters.base import Parameters
from xbarsim.units import Count, Ratio

Method = Literal["ann", "surrogate"]


class Recipe(Parameters):
    """One training run; the same recipe on the same machine gives the same weights."""

    name: str
    """Name of the run."""
    dataset: str
    """Data set."""
    network: str
    """Network specification."""
    method: Method
    """``ann`` (ReLU) or ``surrogate`` (LIF neurons, the paper's Algorithm 2)."""
    epochs: Count
    """Passes over the training images."""
    batch: Count = 64
    """Images per update."""
    learning_rate: Ratio = 1e-3
    """Peak of the one-cycle schedule (Adam)."""
    label_smoothing: Ratio = 0.0
    """Share of probability spread over all classes."""
    shift: int = 0
    """Augmentation: images move by up to this many pixels."""
    init_gain: Ratio = 2.0**0.5
    """Gain of the initial weights."""
    steps: Count = 1
    """Time-steps of a spiking network."""
    neuron: NeuronParams = NeuronParams()
    """Neurons of a spiking network."""
    seed: int = 0
    """Seed of weights, order of images, augmentation and spikes."""

    def key(self) -> str:
        """Return a hash of the recipe, under which its result is kept."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
