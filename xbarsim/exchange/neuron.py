"""This module is a neuron as other frameworks have it: input gain, rest, and when the reset comes."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from xbarsim.network import LIF, NeuronParams
from xbarsim.network.surrogate import Spike

Value = float | Tensor
"""One number for a layer, or one for each of its neurons."""

Timing = Literal["now", "next", "both"]


class GeneralLIF(LIF):
    r"""Leaky integrate-and-fire neurons with what other frameworks add to it.

    $u_t = \lambda v_{t-1} + k x_t$; $s_t = [u_t > \theta]$ (or $\ge$). Then ``subtract``:
    $v_t = u_t - a s_t$; ``zero``: $v_t = (1 - s_t) u_t + r s_t$. Potentials count from rest.
    A reset may come at the ``next`` step, after the leak: $u_{t+1} = \lambda u_t - a s_t +
    k x_{t+1}$, or $u_{t+1} = (1 - s_t) (\lambda u_t + k x_{t+1}) + r s_t$. A subtraction may come
    at ``both``: at the next where the rest is still above threshold, and taken back.

    Attributes:
        gain: Factor k of the input.
        amount: What a spike subtracts, a.
        reset_to: Potential that a spike sets, r.
        inclusive: Whether a potential equal to the threshold spikes.
        timing: When a reset comes.
    """

    gain: Tensor
    amount: Tensor
    reset_to: Tensor

    def __init__(
        self,
        params: NeuronParams,
        *,
        leak: Value | None = None,
        threshold: Value | None = None,
        gain: Value = 1.0,
        amount: Value | None = None,
        reset_to: Value = 0.0,
        inclusive: bool = False,
        timing: Timing = "now",
    ) -> None:
        super().__init__(params)
        self.inclusive = inclusive
        self.timing = timing
        if leak is not None:
            self.leak = to_tensor(leak)
        if threshold is not None:
            self.threshold = to_tensor(threshold)
        self.register_buffer("gain", to_tensor(gain))
        self.register_buffer("amount", self.threshold if amount is None else to_tensor(amount))
        self.register_buffer("reset_to", to_tensor(reset_to))

    def forward(self, drive: Tensor, membrane: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Run the neurons over ``drive`` [time, batch, ...]; returns spikes and the last membrane."""
        drive = drive.to(torch.promote_types(drive.dtype, torch.float32))
        membrane = torch.zeros_like(drive[0]) if membrane is None else membrane
        bar = self.threshold.to(drive.dtype)
        if self.inclusive:
            # The next lower float: above it means at least the threshold.
            bar = torch.nextafter(bar, torch.full_like(bar, -torch.inf))
        fired = []
        for x in drive:
            spikes, membrane = self._step(x, membrane, bar)
            fired.append(spikes)
        return torch.stack(fired), membrane

    def _step(self, x: Tensor, membrane: Tensor, bar: Tensor) -> tuple[Tensor, Tensor]:
        before = torch.zeros_like(membrane)
        if self.timing != "now":
            before = (membrane > bar).to(membrane.dtype)
        membrane = self.leak * membrane + self.gain * x
        if self.params.reset == "subtract":
            membrane = membrane - self.amount * before
        elif self.timing == "next":
            membrane = membrane * (1 - before) + self.reset_to * before
        spikes: Tensor = Spike.apply(membrane, bar, self.params.surrogate)  # type: ignore[no-untyped-call]
        kept = spikes.detach() if self.params.detach_reset else spikes
        if self.timing == "next":
            return spikes, membrane
        if self.params.reset == "subtract":
            return spikes, membrane - self.amount * (kept - before)
        return spikes, membrane * (1 - kept) + self.reset_to * kept

    def potential(self, state: Tensor) -> Tensor:
        """Return the membrane [batch, ...] of a state."""
        return state

    def accumulate(self, change: Tensor, before: Tensor | None) -> Tensor:
        """Add a change of the input to the state of neurons that never reset."""
        added = self.gain * change
        return added if before is None else self.leak * before + added

    def extra_repr(self) -> str:
        """Say every parameter; a range where neurons differ."""
        names = ("leak", "threshold", "gain", "amount", "reset_to")
        shown = [f"{name}={_show(getattr(self, name))}" for name in names]
        return ", ".join([*shown, f"reset={self.params.reset}", f"timing={self.timing}"])


def neuron(
    params: NeuronParams,
    *,
    leak: Value,
    threshold: Value,
    gain: Value = 1.0,
    amount: Value | None = None,
    reset_to: Value = 0.0,
    inclusive: bool = False,
    timing: Timing = "now",
) -> LIF:
    """Return the fast, plain neuron where it says the same, else a general one.

    Leak and threshold of ``params`` are replaced by those given.
    """
    leak, threshold = single(leak), single(threshold)
    gain, reset_to = single(gain), single(reset_to)
    amount = threshold if amount is None else single(amount)
    one = isinstance(leak, float) and isinstance(threshold, float)
    same_reset = _equal(amount, threshold) if params.reset == "subtract" else _equal(reset_to, 0.0)
    if isinstance(leak, float) and isinstance(threshold, float):
        params = params.replace(leak=leak, threshold=threshold)
    if one and same_reset and _equal(gain, 1.0) and not inclusive and timing == "now":
        return LIF(params)
    return GeneralLIF(
        params, leak=leak, threshold=threshold, gain=gain, amount=amount, reset_to=reset_to,
        inclusive=inclusive, timing=timing,
    )  # fmt: skip


def single(value: Value) -> Value:
    """Return one number where all neurons have the same, shape kept otherwise."""
    if not isinstance(value, Tensor):
        return float(value)
    values = value.detach().float()
    if values.numel() and bool((values == values.flatten()[0]).all()):
        return float(values.flatten()[0])
    return values


def _equal(value: Value, other: Value) -> bool:
    return bool(torch.equal(to_tensor(value), to_tensor(other)))


def to_tensor(value: Value) -> Tensor:
    """Return a parameter as a float32 tensor of its own."""
    return (
        value.detach().clone().float() if isinstance(value, Tensor) else torch.tensor(float(value))
    )


def _show(value: Tensor) -> str:
    ends: Sequence[float] = (float(value.min()), float(value.max()))
    return f"{ends[0]:.4g}" if ends[0] == ends[1] else f"{ends[0]:.4g}..{ends[1]:.4g}"
