"""This module is outputs that fit the software: one scale and one offset behind every converter."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.linalg import vecdot

from xbarsim.errors import ParameterError
from xbarsim.hardware import keep_summaries, scale_outputs
from xbarsim.inference import Encoder, encode
from xbarsim.network import LIF, as_sequential, stateless

_BATCH = 64
_STILL = 1e-6
_LAYERS = nn.Linear | nn.Conv1d | nn.Conv2d


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

    They are the least-squares line from the chip's outputs to the software's,

    $$a_c = \frac{\mathrm{cov}(y^{hw}_c, y^{sw}_c)}{\mathrm{var}(y^{hw}_c)}, \qquad
    b_c = \overline{y^{sw}_c} - a_c\,\overline{y^{hw}_c},$$

    over images, steps and positions, with every layer fed what the software feeds it, so that one pass
    serves all layers. Inputs are spikes or rectified, so the errors of cells that vary add up along the
    inputs' mean to an offset, which a gain that is found with random test vectors cannot see. It
    needs no labels, and a multiplier and an adder behind each converter. Outputs that do not vary, or
    run against the software's, keep their scale.

    Args:
        hardware: Network made by ``to_crossbar`` from ``software``.
        software: Feed-forward network.
        images: Images to compare outputs on; their number is the cure's cost.
        steps: Time-steps; 0 for a network without time.
        seed: Seed of the input spikes.
        encoder: How an image becomes the input of each step.
        on_batch: Called with the number of images just compared.

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
    lines = {k: _Line() for k, layer in enumerate(plain) if isinstance(layer, _LAYERS)}
    generator = torch.Generator(device=images.device).manual_seed(seed)
    with torch.inference_mode():
        for part in torch.split(images, _BATCH):
            x = encode(part, steps, generator, encoder) if steps else part[None]
            _compare(plain, chip, x, lines)
            if on_batch is not None:
                on_batch(len(part))
    for k, line in lines.items():
        scale_outputs(chip[k], *line.fitted())
    keep_summaries(hardware, chip, corrected=len(images))
    return chip


def _compare(
    plain: nn.Sequential, chip: nn.Sequential, x: Tensor, lines: dict[int, "_Line"]
) -> None:
    """Feed both layers of every pair the same and add up what they give."""
    for k, (software, hardware) in enumerate(zip(plain, chip, strict=True)):
        if isinstance(software, LIF):
            x = software(x)[0]
            continue
        y = stateless(software, x)
        if k in lines:
            lines[k].see(stateless(hardware, x), y)
        x = y


class _Line:
    """Sums over pairs of outputs [time, image, channel, ...]."""

    def __init__(self) -> None:
        self.count = 0
        self.sums = torch.zeros(0, dtype=torch.float64)

    def see(self, hardware: Tensor, software: Tensor) -> None:
        """Add outputs of the same inputs."""
        y, t = (each.flatten(0, 1)[..., None].flatten(2) for each in (hardware, software))
        parts = [y.sum(-1), t.sum(-1), vecdot(y, y), vecdot(y, t)]
        sums = torch.stack([part.double().sum(0) for part in parts])
        self.sums = sums if not self.count else self.sums + sums
        self.count += y.shape[0] * y.shape[2]

    def fitted(self) -> tuple[Tensor, Tensor]:
        """Return scale and offset of every channel."""
        y, t, yy, yt = self.sums / self.count
        spread, together = yy - y * y, yt - y * t
        usable = (spread > _STILL * yy) & (together > 0)
        scale = torch.where(usable, together / torch.where(usable, spread, 1.0), 1.0)
        return scale, t - scale * y
