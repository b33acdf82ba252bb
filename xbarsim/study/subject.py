"""This module is a trained network that is put on chips: what it is, and how it is trained on."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

from torch import nn

from xbarsim.errors import ParameterError
from xbarsim.inference import Encoder
from xbarsim.learning import Recipe
from xbarsim.study.rows import StudyMethod


@dataclass(frozen=True)
class Subject:
    """A trained network.

    Attributes:
        key: Name under which it is measured.
        method: How it learned.
        network: The network, in software.
        steps: Time-steps; 0 for a network without time.
        encoder: How an image becomes the input of each step.
        recipe: How ``source`` was trained; None where nothing can be trained on.
        source: What ``recipe`` trained: of a converted network the one before conversion.
    """

    key: str
    method: StudyMethod
    network: nn.Module
    steps: int
    encoder: Encoder = "poisson"
    recipe: Recipe | None = None
    source: nn.Module | None = None

    @property
    def label(self) -> str:
        """How it learned."""
        return self.method

    @cached_property
    def fingerprint(self) -> str:
        """Hash of all weights, by which results are told apart."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.network.state_dict().items()):
            digest.update(name.encode() + tensor.contiguous().numpy(force=True).tobytes())
        return digest.hexdigest()[:16]

    def trainable(self) -> tuple[nn.Module, Recipe]:
        """Return the network that its recipe trained, and the recipe.

        Raises:
            ParameterError: If nothing is known about how it was trained.
        """
        if self.recipe is None or self.source is None:
            msg = (
                f"{self.key} cannot be trained on: nothing is known about how it was trained; take a "
                "checkpoint of `xbarsim train`, of a converted network the one before conversion"
            )
            raise ParameterError(msg)
        return self.source, self.recipe
