"""This module is a training run as data: everything that decides the weights."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from xbarsim.errors import ParameterError, did_you_mean
from xbarsim.inference import Encoder
from xbarsim.network import NetworkSpec, NeuronParams
from xbarsim.parameters.base import Parameters
from xbarsim.storage import read_text
from xbarsim.units import Count, Ratio

Method = Literal["ann", "surrogate", "bntt", "conversion"]
Schedule = Literal["one-cycle", "steps"]
Precision = Literal["float32", "bfloat16"]
Norm = Literal["none", "batch", "folded"]


class Recipe(Parameters):
    """One training run; the same recipe on the same machine gives the same weights."""

    name: str
    """Name of the run."""
    dataset: str
    """Data set."""
    network: str | NetworkSpec
    """Name of a network (vgg5-mnist, vgg9-cifar10, vgg11-cifar10, ...), or its layers in a table."""
    method: Method
    """``ann`` (ReLU), ``surrogate`` (LIF, Algorithm 2), ``bntt`` (LIF and batch norm through time)
    or ``conversion`` (IF, Algorithm 1)."""
    epochs: Count
    """Passes over the training images."""
    epoch_images: Count | None = None
    """Images of one pass, drawn anew each time; all by default."""
    batch: Count = 64
    """Images per update."""
    micro_batch: Count | None = None
    """Images in memory at a time; gradients of one update add up. All of ``batch`` by default."""
    learning_rate: Ratio = 1e-3
    """Peak of the schedule (Adam)."""
    schedule: Schedule = "one-cycle"
    """``one-cycle``, or ``steps``: a tenth after 50 % and again after 75 % (the paper's)."""
    precision: Precision = "float32"
    """Of convolutions and products while training on CUDA; CPUs always use float32."""
    label_smoothing: Ratio = 0.0
    """Share of probability spread over all classes."""
    shift: int = 0
    """Augmentation: images move by up to this many pixels."""
    flip: bool = False
    """Augmentation: half of the images are mirrored left to right."""
    init_gain: Ratio = 2.0**0.5
    """Gain of the initial weights."""
    start_from: str | None = None
    """Recipe of the checkpoint whose weights this run starts from (``xbarsim train --start``)."""
    norm: Norm = "none"
    """``batch``: batch norm before each activation; ``folded``: a bias in its place, as conversion
    leaves it. Apart from the ``bntt`` method, which normalises through time."""
    recompute: bool = False
    """Keep only what layers of neurons give for the backward pass, and compute the rest again: less
    memory, a third more work, the same result."""
    compiled: bool = False
    """Run a network without time through torch.compile, which needs a C++ compiler on CPUs; results
    agree to rounding with those without."""
    steps: Count = 1
    """Time-steps of a spiking network."""
    encoder: Encoder = "poisson"
    """How an image becomes the input of each time-step."""
    neuron: NeuronParams = NeuronParams()
    """Neurons of a spiking network."""
    seed: int = 0
    """Seed of weights, order of images, augmentation and spikes."""

    def key(self) -> str:
        """Return a hash of the recipe, under which its result is kept.

        Fields at their defaults are left out, so that a new field changes no old hash.
        """
        text = json.dumps(self.model_dump(mode="json", exclude_defaults=True), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def recipe_names() -> list[str]:
    """Return the names of the shipped recipes, sorted."""
    folder = resources.files("xbarsim.learning") / "recipes"
    return sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name[-5:] == ".toml")


def load_recipe(source: str | Path, **changes: Any) -> Recipe:  # noqa: ANN401
    """Load a shipped recipe (by name) or a TOML file (by path), with some fields changed.

    Raises:
        ParameterError: Unknown name (the nearest is suggested), bad TOML, unknown key, bad value.
        StorageError: The file cannot be read.
    """
    path = Path(source)
    if path.suffix == ".toml":
        text, name = read_text(path), path.stem
    elif str(source) in recipe_names():
        name = str(source)
        text = (resources.files("xbarsim.learning") / "recipes" / f"{name}.toml").read_text()
    else:
        hint = did_you_mean(source, recipe_names())
        msg = f"no recipe is called {str(source)!r}; {hint}shipped: {', '.join(recipe_names())}"
        raise ParameterError(msg)
    try:
        fields = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        msg = f"{source} is not valid TOML: {error}"
        raise ParameterError(msg) from None
    return recipe_of({"name": name, **fields, **changes})


def recipe_of(fields: Mapping[str, Any]) -> Recipe:
    """Return a recipe from plain data; what is wrong is named where it stands.

    Raises:
        ParameterError: Unknown key or bad value.
    """
    made: dict[str, Any] = {}
    if isinstance(neuron := fields.get("neuron"), dict):
        made["neuron"] = NeuronParams(**neuron)
    if isinstance(network := fields.get("network"), dict):
        made["network"] = NetworkSpec(**network)
    return Recipe(**{**fields, **made})
