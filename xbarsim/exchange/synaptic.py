"""This module is a neuron with a synaptic current before its membrane."""

from typing import Any

import torch
from torch import Tensor

from xbarsim.exchange.neuron import GeneralLIF, Value, single, to_tensor
from xbarsim.network import NeuronParams


class SynapticLIF(GeneralLIF):
    r"""Neurons whose input first adds to a current that decays, as ``GeneralLIF`` after that.

    $i_t = \alpha i_{t-1} + w x_t$; then $u_t = \lambda v_{t-1} + k i_t$ and spikes and resets as
    there. A reset leaves the current as it is. The state that comes in and goes out is the current
    and the membrane, stacked in this order: [2, batch, ...].

    Attributes:
        decay: Share of the current kept per step, α.
        weight: Factor w of the input.
    """

    decay: Tensor
    weight: Tensor

    def __init__(
        self,
        params: NeuronParams,
        *,
        decay: Value,
        weight: Value = 1.0,
        **general: Any,  # noqa: ANN401
    ) -> None:
        numbers: dict[str, Any] = {
            name: single(value) if isinstance(value, Tensor) else value
            for name, value in general.items()
        }
        super().__init__(params, **numbers)
        self.register_buffer("decay", to_tensor(single(decay)))
        self.register_buffer("weight", to_tensor(single(weight)))

    def forward(self, drive: Tensor, membrane: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Run over ``drive`` [time, batch, ...]; returns spikes and the last current and membrane."""
        drive = drive.to(torch.promote_types(drive.dtype, torch.float32))
        if membrane is None:
            membrane = drive.new_zeros(2, *drive.shape[1:])
        current, potential = membrane
        currents = []
        for x in drive:
            current = self.decay * current + self.weight * x
            currents.append(current)
        spikes, potential = super().forward(torch.stack(currents), potential)
        return spikes, torch.stack([current, potential])

    def potential(self, state: Tensor) -> Tensor:
        """Return the membrane [batch, ...] of a state."""
        return state[1]

    def accumulate(self, change: Tensor, before: Tensor | None) -> Tensor:
        """Add a change of the input to the state of neurons that never reset."""
        if before is None:
            before = change.new_zeros(2, *change.shape)
        current = self.decay * before[0] + self.weight * change
        return torch.stack([current, super().accumulate(current, before[1])])

    def extra_repr(self) -> str:
        """Say every parameter; a range where neurons differ."""
        return f"decay={self.decay.mean():.4g}, {super().extra_repr()}"
