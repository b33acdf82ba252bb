"""This module is one training run in memory: its weights, its optimiser, and the update it is at.

Everything random in an update is drawn from streams that are seeded by the update's number, so the
state of a run is its weights, its optimiser's moments and that number; nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from xbarsim.data import Dataset
from xbarsim.errors import ParameterError
from xbarsim.inference import encode
from xbarsim.learning.augment import flipped, shifted
from xbarsim.learning.build import initial_network
from xbarsim.learning.recipe import Recipe
from xbarsim.learning.schedule import learning_rate
from xbarsim.network import run_recomputing, unroll

_ORDER, _IMAGES, _SPIKES = range(3)


@dataclass(frozen=True)
class Update:
    """What one update of the weights was like.

    Attributes:
        images: Images learned from.
        loss: Mean cross-entropy.
        right: Images that were classified right before the update.
    """

    images: int
    loss: float
    right: int


class TrainingRun:
    """A run that advances update by update; ``state`` and ``restore`` continue it exactly."""

    def __init__(
        self, recipe: Recipe, data: Dataset, start: Mapping[str, Tensor] | None = None
    ) -> None:
        if recipe.method == "conversion":
            msg = "a converted network is not trained; train its ANN and use learning.convert"
            raise ParameterError(msg)
        self.recipe = recipe
        self.data = data
        self.device = data.train_images.device
        network = initial_network(recipe)
        if start is not None:
            network.load_state_dict(start)
        # Channels last: the convolutions' fastest layout on CPUs and on tensor cores.
        network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network = network.train()
        self.optimiser = torch.optim.Adam(
            self.network.parameters(), lr=recipe.learning_rate, fused=True
        )
        self.loss_of = nn.CrossEntropyLoss(label_smoothing=recipe.label_smoothing)
        self._forward = torch.compile(self._output) if recipe.compiled else self._output
        self.update = 0

    @property
    def _mixed(self) -> bool:
        # A CPU without matrix units is several times slower in bfloat16.
        return self.recipe.precision == "bfloat16" and self.device.type == "cuda"

    @property
    def images_per_epoch(self) -> int:
        """Images of one pass."""
        available = len(self.data.train_images)
        return min(self.recipe.epoch_images or available, available)

    @property
    def updates_per_epoch(self) -> int:
        """Updates of one pass; the last one may be smaller."""
        return -(-self.images_per_epoch // self.recipe.batch)

    @property
    def total(self) -> int:
        """Updates of the whole run."""
        return self.recipe.epochs * self.updates_per_epoch

    # Without this, two runs on a GPU end in different weights.
    @torch.backends.cudnn.flags(enabled=True, deterministic=True, benchmark=False)
    def advance(self) -> Update:
        """Make one update of the weights."""
        recipe = self.recipe
        epoch, position = divmod(self.update, self.updates_per_epoch)
        order = torch.randperm(len(self.data.train_images), generator=self._stream(_ORDER, epoch))
        first = position * recipe.batch
        part = order[first : min(first + recipe.batch, self.images_per_epoch)].to(self.device)
        images = self._augmented(self.data.train_images[part])
        labels = self.data.train_labels[part]
        spikes = self._stream(_SPIKES, self.update, self.device)
        self.optimiser.zero_grad(set_to_none=True)
        loss, right = 0.0, 0
        size = recipe.micro_batch or len(part)
        for x, y in zip(torch.split(images, size), torch.split(labels, size), strict=True):
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self._mixed):
                logits = self._logits(x, spikes).float()
            share = self.loss_of(logits, y) * (len(x) / len(part))
            share.backward()
            loss += float(share.detach())
            right += int((logits.argmax(1) == y).sum())
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(recipe, self.update, self.total)
        self.optimiser.step()
        self.update += 1
        return Update(len(part), loss, right)

    def state(self) -> dict[str, Tensor]:
        """Return everything that decides how the run goes on, by name."""
        tensors = {f"network.{name}": t for name, t in self.network.state_dict().items()}
        for number, moments in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{number}.{name}": t for name, t in moments.items()}
        return tensors | {"update": torch.tensor(self.update)}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from a ``state``; the following updates are those that would have followed it."""
        moments: dict[int, dict[str, Tensor]] = {}
        weights = {}
        parameters = self.optimiser.param_groups[0]["params"]
        for name, tensor in tensors.items():
            kind, _, rest = name.partition(".")
            if kind == "network":
                weights[rest] = tensor
            elif kind == "optimiser":
                number, _, moment = rest.partition(".")
                # The fused optimiser runs through memory, so moments must lie as weights do.
                like = parameters[int(number)] if tensor.dim() else tensor
                own = torch.empty_like(like).copy_(tensor)
                moments.setdefault(int(number), {})[moment] = own
        self.network.load_state_dict(weights)
        state = self.optimiser.state_dict()
        self.optimiser.load_state_dict({**state, "state": moments})
        self.update = int(tensors["update"])

    def _augmented(self, images: Tensor) -> Tensor:
        stream = self._stream(_IMAGES, self.update)
        images = shifted(images, self.recipe.shift, stream)
        return flipped(images, stream) if self.recipe.flip else images

    def _logits(self, images: Tensor, spikes: torch.Generator) -> Tensor:
        """Return logits; a spiking network's are its last layer's output, averaged over time."""
        if self.recipe.method == "ann":
            return self._forward(images.contiguous(memory_format=torch.channels_last))
        inputs = encode(images, self.recipe.steps, spikes, self.recipe.encoder)
        return self._forward(inputs).mean(dim=0)

    def _output(self, x: Tensor) -> Tensor:
        """Return the network's output, over time where it is a spiking one."""
        over_time = self.recipe.method != "ann"
        if self.recipe.recompute:
            return run_recomputing(self.network, x, over_time=over_time)
        return unroll(self.network, x)[0] if over_time else torch.as_tensor(self.network(x))

    def _stream(
        self, what: int, number: int, device: torch.device | None = None
    ) -> torch.Generator:
        """Return the random stream of one purpose in one update (or epoch)."""
        words = np.random.SeedSequence((self.recipe.seed, what, number)).generate_state(2)
        generator = torch.Generator(device=device or torch.device("cpu"))
        return generator.manual_seed(int(words[0]) << 31 ^ int(words[1]))
