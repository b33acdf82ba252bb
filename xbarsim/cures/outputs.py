"""This module is outputs that fit the software: one scale and one offset behind every converter."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.linalg import vecdot

from xbarsim.errors import ParameterError
from xbarsim.exchange import as_network
from xbarsim.hardware import keep_summaries, scale_outputs
from xbarsim.inference import Encoder, encode
from xbarsim.network import LIF, as_sequential, for_inference, stateless

_BATCH, _STEPS_IN_MEMORY = 64, 1280
_STILL = 1e-3
_LAYERS = nn.Linear | nn.Conv1d | nn.Conv2d
_LEVELS = 16
"""A spike that was averaged over 4x4 pixels has so many sizes; a byte holds any of them."""


@dataclass(frozen=True)
class OutputStatistics:
    """Mean and spread of every output of a network's layers, as its software gives them.

    Attributes:
        layers: Layers of the network, neurons and all.
        moments: By the number of a layer with weights: mean and standard deviation, [channel].
    """

    layers: int
    moments: Mapping[int, tuple[Tensor, Tensor]]


def output_statistics(
    software: nn.Module,
    images: Tensor,
    steps: int,
    *,
    seed: int = 0,
    encoder: Encoder = "poisson",
    on_batch: Callable[[int], None] | None = None,
) -> OutputStatistics:
    """Return mean and spread of a network's outputs over images, steps and positions.

    Worked out once, they serve every chip; see ``correct_outputs`` for the arguments.
    """
    plain = copy.deepcopy(as_sequential(as_network(software))).eval()
    fast = [_fast(layer) for layer in plain]
    moments = {k: _Moments() for k, layer in enumerate(plain) if isinstance(layer, _LAYERS)}
    with torch.inference_mode():
        for x in _inputs(images, steps, seed, encoder):
            count = x.shape[1]
            for k, layer in enumerate(fast):
                x = _run([layer], x)  # noqa: PLW2901
                if k in moments:
                    moments[k].see(x)
            if on_batch is not None:
                on_batch(count)
    return OutputStatistics(len(plain), {k: each.mean_and_spread() for k, each in moments.items()})


def correct_outputs(
    hardware: nn.Module,
    software: nn.Module | OutputStatistics,
    images: Tensor,
    steps: int,
    *,
    seed: int = 0,
    encoder: Encoder = "poisson",
    on_layer: Callable[[int], None] | None = None,
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
        software: Feed-forward network, as given to ``to_crossbar``, or what
            ``output_statistics`` says of it.
        images: Images to run; their number is the cure's cost.
        steps: Time-steps; 0 for a network without time.
        seed: Seed of the input spikes.
        encoder: How an image becomes the input of each step.
        on_layer: Called with 1 when a layer is corrected.

    Raises:
        ParameterError: If the networks do not match, there are fewer than two images, or a layer's
            outputs cannot be scaled.
    """
    chip = copy.deepcopy(as_sequential(hardware)).eval()
    wanted = software
    if not isinstance(wanted, OutputStatistics):
        wanted = output_statistics(wanted, images, steps, seed=seed, encoder=encoder)
    if len(chip) != wanted.layers or len(images) < 2:
        msg = (
            f"hardware has {len(chip)} layers, software {wanted.layers}, and there are {len(images)} "
            "images; compare a network with what to_crossbar made of it, on two images or more"
        )
        raise ParameterError(msg)
    with torch.inference_mode():
        inputs = _inputs(images, steps, seed, encoder)
        _correct(chip, inputs, wanted.moments, on_layer or (lambda _: None))
    keep_summaries(hardware, chip, corrected=len(images))
    return chip


def _inputs(images: Tensor, steps: int, seed: int, encoder: Encoder) -> Iterator[Tensor]:
    """Yield the network's inputs, [time, image, ...], some images at a time."""
    generator = torch.Generator(device=images.device).manual_seed(seed)
    size = max(1, min(_BATCH, _STEPS_IN_MEMORY // max(steps, 1)))
    for part in torch.split(images, size):
        yield encode(part, steps, generator, encoder) if steps else part[None]


def _correct(
    chip: nn.Sequential,
    inputs: Iterator[Tensor],
    wanted: Mapping[int, tuple[Tensor, Tensor]],
    on_layer: Callable[[int], None],
) -> None:
    """Correct layer after layer in place, keeping what the chip feeds the next one."""
    places, layers = [*wanted, len(chip)], list(chip)
    kept = [_small(_run(layers[: places[0]], x)) for x in inputs]
    for place, following in pairwise(places):
        found, layer = _Moments(), _fast(layers[place])
        for each in kept:
            found.see(_run([layer], _large(each)))
        scale_outputs(layers[place], *_line(found.mean_and_spread(), wanted[place]))
        if following < len(layers):
            segment = [_fast(layers[place]), *layers[place + 1 : following]]
            kept = [_small(_run(segment, _large(each))) for each in kept]
        on_layer(1)


def _fast(layer: nn.Module) -> nn.Module:
    """Return a layer with weights in the form that spikes drive, if there is one."""
    return for_inference(nn.Sequential(layer))[0] if isinstance(layer, _LAYERS) else layer


def _run(layers: Sequence[nn.Module], x: Tensor) -> Tensor:
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


def _line(found: tuple[Tensor, Tensor], wanted: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Return the scale and the offset that give outputs the wanted mean and spread."""
    (mean, spread), (to_mean, to_spread) = found, wanted
    usable = (spread > _STILL * mean.abs()) & (to_spread > _STILL * to_mean.abs())
    scale = torch.where(usable, to_spread / torch.where(usable, spread, 1.0), 1.0)
    return scale, to_mean - scale * mean


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

    def mean_and_spread(self) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation, [channel]."""
        mean, power = self.sums / self.count
        return mean, (power - mean.square()).clamp(min=0).sqrt()
