"""This module is what hardware does to every layer over time: errors, flipped spikes, their growth."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xbarsim.errors import ParameterError
from xbarsim.exchange import GeneralLIF
from xbarsim.hardware import per_read_noise, reseed
from xbarsim.inference.encode import Encoder, encode
from xbarsim.network import LIF, leaves, stateless

Array = NDArray[np.float64]

_SECOND_READ = 0x5EED


@dataclass(frozen=True)
class ErrorTrace:
    """How far hardware is from software, layer by layer and step by step, [layer, time].

    The layers are those with neurons; potentials are in units of the software's threshold.

    Attributes:
        membrane: Root mean square difference of the membranes, after the resets.
        potential: The same without any reset: what the differences of the drives add up to, with
            the leak. It is the error that accumulates.
        static: The part of ``potential`` that is the same in every read: wires, variation.
        per_read: The part that another read of the same cells would not repeat.
        flips: Share of neurons that spike in one of the two and not in the other.
        leak: Leak of every layer, the mean where its neurons differ, [layer].
    """

    membrane: Array
    potential: Array
    static: Array
    per_read: Array
    flips: Array
    leak: Array


def layer_errors(
    hardware: nn.Module,
    software: nn.Module,
    images: Tensor,
    steps: int,
    *,
    forced: bool = False,
    seed: int = 0,
    batch: int = 128,
    encoder: Encoder = "poisson",
    on_batch: Callable[[int], None] | None = None,
) -> ErrorTrace:
    r"""Run both networks side by side on the same input spikes, one time-step at a time.

    Error of the potential without resets: $e_t = \lambda e_{t-1} + (x^{hw}_t - x^{sw}_t) / \theta$.
    Where reads are noisy, the hardware is read twice (e, e'): static power is the mean of e e',
    power per read half the mean of (e - e')^2, so that each is free of the other.

    Args:
        hardware: Network made by ``to_crossbar`` from ``software``, thresholds of its own allowed.
        software: Feed-forward network of stateless layers and neurons.
        images: Pixels, [image, ...].
        steps: Number of time-steps.
        forced: Feed every layer of the hardware the software's spikes, so that the error of each
            layer is its own; else errors of earlier layers come in.
        seed: Seed of the input spikes.
        batch: Images at a time.
        encoder: How an image becomes the input of each step.
        on_batch: Called with the number of images just finished.

    Raises:
        ParameterError: If the networks do not have the same layers, or no neurons.
    """
    reads = [hardware]
    if per_read_noise(hardware):
        reads.append(reseed(hardware, seed + _SECOND_READ))
    layers = [list(leaves(network)) for network in (software, *reads)]
    _check(layers)
    generator = torch.Generator(device=images.device).manual_seed(seed)
    total: Array | None = None
    with torch.inference_mode():
        for start in range(0, len(images), batch):
            part = images[start : start + batch]
            source = partial(encode, part, generator=generator, encoder=encoder)
            sums = np.array(_Lockstep(layers, forced).run(source, steps))
            total = sums * len(part) if total is None else total + sums * len(part)
            if on_batch is not None:
                on_batch(len(part))
    mean = np.moveaxis(np.asarray(total) / len(images), 0, -1)
    leak = np.array([float(layer.leak.mean()) for layer in layers[0] if isinstance(layer, LIF)])
    membrane, potential, static, per_read, flips = mean
    roots = [np.sqrt(np.maximum(x, 0)) for x in (membrane, potential, static, per_read)]
    return ErrorTrace(roots[0], roots[1], roots[2], roots[3], flips, leak)


def _check(layers: list[list[nn.Module]]) -> None:
    kinds = [[k for k, layer in enumerate(each) if isinstance(layer, LIF)] for each in layers]
    if not kinds[0] or any(len(each) != len(layers[0]) or kind != kinds[0]
                           for each, kind in zip(layers, kinds, strict=True)):  # fmt: skip
        msg = (
            f"the networks have {' and '.join(str(len(each)) for each in layers)} layers, neurons at "
            f"{kinds}; compare a network with what to_crossbar made of it"
        )
        raise ParameterError(msg)


class _Lockstep:
    """The software and one or two reads of the hardware, one step after the other."""

    def __init__(self, layers: list[list[nn.Module]], forced: bool) -> None:
        self.layers, self.forced = layers, forced
        self.membranes: list[dict[int, Tensor]] = [{} for _ in layers]
        self.errors: list[dict[int, Tensor]] = [{} for _ in layers]

    def run(self, source: Callable[[int], Tensor], steps: int) -> list[Array]:
        """Return the five measures of every step, [measure, layer], for one batch."""
        return [self._step(source(1), t) for t in range(steps)]

    def _step(self, inputs: Tensor, t: int) -> Array:
        xs, measures = [inputs] * len(self.layers), []
        for k, layer in enumerate(self.layers[0]):
            ys = [self._drive(n, k, x, t) for n, x in enumerate(xs)]
            if not isinstance(layer, LIF):
                xs = ys
                continue
            xs = [self._fire(n, k, y) for n, y in enumerate(ys)]
            measures.append(self._measure(k, ys, xs, layer))
            if self.forced:
                xs = [xs[0]] * len(xs)
        return np.array(measures).T

    def _drive(self, network: int, k: int, x: Tensor, t: int) -> Tensor:
        layer = self.layers[network][k]
        return x if isinstance(layer, LIF) else stateless(layer, x, t)

    def _fire(self, network: int, k: int, drive: Tensor) -> Tensor:
        layer = self.layers[network][k]
        spikes, membrane = layer(drive, self.membranes[network].get(k))
        self.membranes[network][k] = membrane
        return torch.as_tensor(spikes)

    def _measure(
        self, k: int, drives: list[Tensor], spikes: list[Tensor], layer: LIF
    ) -> tuple[float, ...]:
        """Return mean squares of membrane, potential, static and per-read error, and flips."""
        for n in range(1, len(drives)):
            change = (drives[n] - drives[0]) / layer.threshold
            self.errors[n][k] = _accumulated(layer, change, self.errors[n].get(k))
        first, last = (_potential(layer, self.errors[n][k]) for n in (1, len(drives) - 1))
        apart = _potential(layer, self.membranes[1][k]) - _potential(layer, self.membranes[0][k])
        return (
            float((apart / layer.threshold).square().mean()),
            float((first.square().mean() + last.square().mean()) / 2),
            float((first * last).mean()),
            float((first - last).square().mean() / 2),
            float((spikes[1] != spikes[0]).double().mean()),
        )


def _accumulated(layer: LIF, change: Tensor, before: Tensor | None) -> Tensor:
    """Return the state of neurons that never reset, after a change of their input."""
    if isinstance(layer, GeneralLIF):
        return layer.accumulate(change, before)
    return change if before is None else layer.leak * before + change


def _potential(layer: LIF, state: Tensor) -> Tensor:
    """Return the membrane of a layer's state."""
    return layer.potential(state) if isinstance(layer, GeneralLIF) else state
