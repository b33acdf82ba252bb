"""This module is the leaky integrate-and-fire neuron: a pure step, and a thin module around it."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from xbarsim.network.lif import lif_over_time
from xbarsim.network.params import NeuronParams
from xbarsim.network.surrogate import Spike


def lif_step(
    drive: Float[Tensor, "batch *neuron"],
    membrane: Float[Tensor, "batch *neuron"],
    threshold: Float[Tensor, ""],
    params: NeuronParams,
    leak: Float[Tensor, ""] | None = None,
) -> tuple[Float[Tensor, "batch *neuron"], Float[Tensor, "batch *neuron"]]:
    r"""Advance neurons by one time-step (the paper's Eq. 1 and 2).

    $v \leftarrow \lambda v + x$; $s = [v > \theta]$; then $v \leftarrow v - \theta s$ (``subtract``)
    or $v \leftarrow v (1 - s)$ (``zero``).

    Args:
        drive: Input of this step, x, in units of the threshold.
        membrane: Potential v left by the previous step.
        threshold: θ, a scalar tensor.
        params: Leak λ, reset, surrogate.
        leak: λ as a scalar tensor where it is learned; by default that of ``params``.

    Returns:
        Spikes (0 or 1), and the potential to hand to the next step.
    """
    membrane = (params.leak if leak is None else leak) * membrane + drive
    spikes: Tensor = Spike.apply(membrane, threshold, params.surrogate)  # type: ignore[no-untyped-call]
    kept = spikes.detach() if params.detach_reset else spikes
    if params.reset == "subtract":
        return spikes, membrane - threshold * kept
    return spikes, membrane * (1 - kept)


class LIF(nn.Module):
    """A layer of neurons. It holds parameters and no state: the membrane comes in and goes out."""

    leak: Tensor
    threshold: Tensor

    def __init__(self, params: NeuronParams | None = None) -> None:
        super().__init__()
        self.params = params or NeuronParams()
        for name, value in (("leak", self.params.leak), ("threshold", self.params.threshold)):
            tensor = torch.tensor(float(value))
            if name in self.params.trainable:
                self.register_parameter(name, nn.Parameter(tensor))
            else:
                self.register_buffer(name, tensor)

    def forward(
        self,
        drive: Float[Tensor, "time batch *neuron"],
        membrane: Float[Tensor, "batch *neuron"] | None = None,
    ) -> tuple[Float[Tensor, "time batch *neuron"], Float[Tensor, "batch *neuron"]]:
        """Run the neurons over all time-steps of ``drive``; returns spikes and the last membrane.

        The result is that of ``lif_step`` at every step, without its cost per step.
        """
        # Half precision is too coarse to add up in: near 1 its steps are 1/128.
        drive = drive.to(torch.promote_types(drive.dtype, torch.float32))
        membrane = torch.zeros_like(drive[0]) if membrane is None else membrane
        return lif_over_time(drive, membrane, self.leak, self.threshold, self.params)

    def extra_repr(self) -> str:
        """Say leak, threshold and reset."""
        leak, threshold = self.leak.item(), self.threshold.item()
        return f"leak={leak:.4g}, threshold={threshold:.4g}, reset={self.params.reset}"
