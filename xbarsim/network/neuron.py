"""This module is the leaky integrate-and-fire neuron: a pure step, and a thin module around it."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from xbarsim.network.surrogate import Spike, Surrogate
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


def lif_step(
    drive: Float[Tensor, "batch *neuron"],
    membrane: Float[Tensor, "batch *neuron"],
    threshold: Float[Tensor, ""],
    params: NeuronParams,
) -> tuple[Float[Tensor, "batch *neuron"], Float[Tensor, "batch *neuron"]]:
    r"""Advance neurons by one time-step (the paper's Eq. 1 and 2).

    $v \leftarrow \lambda v + x$; $s = [v > \theta]$; then $v \leftarrow v - \theta s$ (``subtract``)
    or $v \leftarrow v (1 - s)$ (``zero``).

    Args:
        drive: Input of this step, x, in units of the threshold.
        membrane: Potential v left by the previous step.
        threshold: θ, a scalar tensor.
        params: Leak λ, reset, surrogate.

    Returns:
        Spikes (0 or 1), and the potential to hand to the next step.
    """
    membrane = params.leak * membrane + drive
    spikes: Tensor = Spike.apply(membrane, threshold, params.surrogate)  # type: ignore[no-untyped-call]
    kept = spikes.detach() if params.detach_reset else spikes
    if params.reset == "subtract":
        return spikes, membrane - threshold * kept
    return spikes, membrane * (1 - kept)


class LIF(nn.Module):
    """A layer of neurons. It holds parameters and no state: the membrane comes in and goes out."""

    threshold: Tensor

    def __init__(self, params: NeuronParams | None = None) -> None:
        super().__init__()
        self.params = params or NeuronParams()
        self.register_buffer("threshold", torch.tensor(float(self.params.threshold)))

    def forward(
        self,
        drive: Float[Tensor, "time batch *neuron"],
        membrane: Float[Tensor, "batch *neuron"] | None = None,
    ) -> tuple[Float[Tensor, "time batch *neuron"], Float[Tensor, "batch *neuron"]]:
        """Run the neurons over all time-steps of ``drive``; returns spikes and the last membrane."""
        membrane = torch.zeros_like(drive[0]) if membrane is None else membrane
        spikes = []
        for step in drive:
            fired, membrane = lif_step(step, membrane, self.threshold, self.params)
            spikes.append(fired)
        return torch.stack(spikes), membrane

    def extra_repr(self) -> str:
        """Say leak, threshold and reset."""
        p = self.params
        return f"leak={p.leak}, threshold={self.threshold.item():.4g}, reset={p.reset}"
