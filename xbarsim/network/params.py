"""This module is a neuron's leak, threshold, reset and surrogate gradient as data."""

from typing import Literal

from xbarsim.network.surrogate import Surrogate
from xbarsim.parameters.base import Parameters
from xbarsim.units import Fraction, Ratio

Reset = Literal["subtract", "zero"]


class NeuronParams(Parameters):
    """Leak, threshold and reset of a neuron; leak 1 makes it integrate-and-fire."""

    leak: Fraction = 1.0
    """Share of the membrane potential kept per time-step, λ."""
    threshold: Ratio = 1.0
    """Membrane potential above which a neuron spikes, θ."""
    reset: Reset = "subtract"
    """After a spike: subtract the threshold, or set the membrane to zero (the paper's text)."""
    surrogate: Surrogate = "triangle"
    """Gradient that stands in for the spike's derivative."""
    detach_reset: bool = True
    """Whether no gradient flows through the reset."""
    trainable: tuple[Literal["leak", "threshold"], ...] = ()
    """Which of leak and threshold are learned, one value per layer."""
