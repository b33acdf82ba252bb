"""This module is outputs that fit the software: one scale and one offset behind every converter."""

import copy
from collections.abc import Callable, Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.linalg import vecdot

from xbarsim.errors import ParameterError
from xbarsim.hardware import keep_summaries, scale_outputs
from xbarsim.inference import Encoder, encode
from xbarsim.network import LIF, as_sequential, stateless

_BATCH, _STEPS_IN_MEMORY = 64, 1280
_STILL = 1e-6
_LAYERS = nn.Linear | nn.Conv1d | nn.Conv2d
_LEVELS = 16
"""A spike that was averaged over 4x4 pixels has so many sizes; a byte holds any of them."""


def correct_outputs(
    hardware: nn.Module,
    software: nn.Module,
    images: Tensor,
    steps: int,
    *,
    seed: int = 0,
    encoder: Encoder = "poisson",
    on_batch: Callable[[int], None] | None = None,
) -> nn.Sequential:
    r"""Return a copy whose layers have a digital scale and offset for every output or channel.

    They give the chip's outputs the mean and the spread that the software's have,

    $$a_c = \frac{\sigma(y^{sw}_c)}{\sigma(y^{hw}_c)}, \qquad
    b_c = \overline{y^{sw}_c} - a_c\,\overline{y^{hw}_c},$$

    over images, steps and positions, first layer first: each layer is fed what the corrected chip
    makes of the images, so that it also makes up for what the layers before it left. Inputs are
    spikes or rectified, so the errors of cells that vary add up along the inputs' mean to an offset,
    which a gain that is found with random test vectors cannot see. Of the software only two numbers
    an output are needed, and no labels; of the hardware a multiplier and an adder behind each
    converter. Outputs that do not vary keep their scale. For batch norms the same was done by
    V. Joshi et al. 2020, DOI 10.1038/s41467-020-16108-9; here no norm is needed.

    It keeps the inputs of one layer in memory, a byte a spike: images x steps x rows.

    Args:
        hardware: Network made by ``to_crossbar`` from ``software``.
        software: Feed-forward network.
        images: Images to compare outputs on; their number is the cure's cost.
        steps: Time-steps; 0 for a network without time.
        seed: Seed of the input spikes.
        encoder: How an image becomes the input of each step.
        on_batch: Called with the number of images just run, in software and on the chip, so with
            twice their number in all.

    Raises:
        ParameterError: If the networks do not match, there are fewer than two images, or a layer's
            outputs cannot be scaled.
    """
    chip, plain = (copy.deepcopy(as_sequential(n)).eval() for n in (hardware, software))
    if len(chip) != len(plain) or len(images) < 2:
        msg = (
            f"hardware has {len(chip)} layers, software {len(plain)}, and there are {len(images)} "
            "images; compare a network with what to_crossbar made of it, on two images or more"
        )
        raise ParameterError(msg)
    size = max(1, min(_BATCH, _STEPS_IN_MEMORY // max(steps, 1)))
    parts = torch.split(images, size)
    report = on_batch or (lambda _: None)

    def inputs() -> Iterator[Tensor]:
        generator = torch.Generator(device=images.device).manual_seed(seed)
        for part in parts:
            yield encode(part, steps, generator, encoder) if steps else part[None]

    with torch.inference_mode():
        wanted = {k: _Moments() for k, layer in enumerate(plain) if isinstance(layer, _LAYERS)}
        for x in inputs():
            _watch(plain, x, wanted)
            report(x.shape[1])
        for before, after in pairwise(_correct(chip, inputs(), wanted)):
            report(round(after * len(images)) - round(before * len(images)))
    keep_summaries(hardware, chip, corrected=len(images))
    return chip


def _watch(plain: nn.Sequential, x: Tensor, moments: dict[int, "_Moments"]) -> None:
    """Run the software and add up what its layers give."""
    for k, layer in enumerate(plain):
        x = _run([layer], x)
        if k in moments:
            moments[k].see(x)


def _correct(
    chip: nn.Sequential, inputs: Iterator[Tensor], wanted: dict[int, "_Moments"]
) -> Iterator[float]:
    """Correct layer after layer in place, yielding the share of them that is done."""
    places, layers = [*wanted, len(chip)], list(chip)
    kept = [_small(_run(layers[: places[0]], x)) for x in inputs]
    yield 0.0
    for number, (place, following) in enumerate(pairwise(places), 1):
        found = _Moments()
        for each in kept:
            found.see(_run([layers[place]], _large(each)))
        scale_outputs(layers[place], *found.line(wanted[place]))
        if following < len(layers):
            kept = [_small(_run(layers[place:following], _large(each))) for each in kept]
        yield number / len(wanted)


def _run(layers: list[nn.Module], x: Tensor) -> Tensor:
    for layer in layers:
        x = torch.as_tensor(layer(x)[0]) if isinstance(layer, LIF) else stateless(layer, x)
    return x


def _small(x: Tensor) -> tuple[Tensor, torch.dtype]:
    """Return inputs as bytes where these hold them exactly, and their type."""
    scaled = x * _LEVELS
    whole = scaled.to(torch.uint8)
    return (whole if bool((whole == scaled).all()) else x), x.dtype


def _large(small: tuple[Tensor, torch.dtype]) -> Tensor:
    x, dtype = small
    return x.to(dtype).div_(_LEVELS) if x.dtype == torch.uint8 else x


class _Moments:
    """Sums over outputs [time, image, channel, ...] and over their squares, [channel]."""

    def __init__(self) -> None:
        self.count = 0
        self.sums = torch.zeros(0, dtype=torch.float64)

    def see(self, outputs: Tensor) -> None:
        """Add outputs."""
        y = outputs.flatten(0, 1)[..., None].flatten(2)
        sums = torch.stack([part.double().sum(0) for part in (y.sum(-1), vecdot(y, y))])
        self.sums = self.sums + sums if self.count else sums
        self.count += y.shape[0] * y.shape[2]

    def line(self, wanted: "_Moments") -> tuple[Tensor, Tensor]:
        """Return the scale and the offset that give these outputs the wanted mean and spread."""
        mean, power = self.sums / self.count
        to_mean, to_power = wanted.sums / wanted.count
        spread, to_spread = power - mean.square(), to_power - to_mean.square()
        usable = (spread > _STILL * power) & (to_spread > _STILL * to_power)
        scale = torch.where(usable, to_spread / torch.where(usable, spread, 1.0), 1.0).sqrt()
        return scale, to_mean - scale * mean
