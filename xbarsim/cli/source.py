"""This module is the files that commands take networks from, and what each says about its use."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xbarsim.cli.complete import datasets

if TYPE_CHECKING:
    from torch import nn

    from xbarsim.data import Dataset
    from xbarsim.inference import Encoder, InferenceTrace
    from xbarsim.learning import Recipe

NetworkFile = Annotated[
    Path,
    typer.Argument(help="Checkpoint (.safetensors), NIR file (.nir) or ONNX file (.onnx)."),
]
DatasetName = Annotated[
    str | None,
    typer.Option(
        help="digits, mnist or cifar10; by default a checkpoint's own, else digits.",
        autocompletion=datasets,
    ),
]
Steps = Annotated[
    int | None,
    typer.Option(help="Time-steps; by default a checkpoint's own, 20 for a NIR file.", min=1),
]
EncoderName = Annotated[
    str | None,
    typer.Option(
        help="What drives the rows at each step: poisson, ternary or direct; by default a "
        "checkpoint's own, else poisson."
    ),
]

_STEPS = 20
_READERS = {".nir": "from_nir", ".onnx": "from_onnx"}


@dataclass(frozen=True)
class Source:
    """A network to be measured, and on what.

    Attributes:
        network: The network, in software.
        data: Data set whose test images it is measured on.
        steps: Time-steps; 0 for a network without time.
        encoder: How an image becomes the input of each step.
        recipe: How it was trained; None for a network from elsewhere.
    """

    network: "nn.Module"
    data: "Dataset"
    steps: int
    encoder: "Encoder"
    recipe: "Recipe | None" = None


def load_source(
    path: Path,
    folder: Path | None,
    *,
    dataset: str | None = None,
    steps: int | None = None,
    encoder: str | None = None,
) -> Source:
    """Read a network by the kind of its file; what is given goes before what the file says.

    Raises:
        ParameterError: If an encoder is unknown, or time-steps are asked of a network without.
        StorageError: If the file or the data set cannot be read.
    """
    from xbarsim import exchange
    from xbarsim.data import load_dataset
    from xbarsim.learning import load_network
    from xbarsim.network import LIF, leaves

    network: nn.Module
    recipe: Recipe | None = None
    if path.suffix in _READERS:
        network = getattr(exchange, _READERS[path.suffix])(path)
        spiking = any(isinstance(layer, LIF) for layer in leaves(network))
        own: tuple[str, int, Encoder] = ("digits", _STEPS if spiking else 0, "poisson")
    else:
        network, recipe = load_network(path)
        own = (recipe.dataset, 0 if recipe.method == "ann" else recipe.steps, recipe.encoder)
    if own[1] == 0 and (steps or encoder):
        _refuse_time(path)
    data = load_dataset(dataset or own[0], folder)
    chosen = own[2] if encoder is None else _checked(encoder)
    return Source(network, data, steps or own[1], chosen if own[1] else "direct", recipe)


def _checked(encoder: str) -> "Encoder":
    from typing import cast, get_args

    from xbarsim.errors import ParameterError, did_you_mean
    from xbarsim.inference import Encoder

    if encoder not in get_args(Encoder):
        hint = did_you_mean(encoder, get_args(Encoder))
        msg = f"encoder is {encoder!r}; {hint}choose {', '.join(get_args(Encoder))}"
        raise ParameterError(msg)
    return cast("Encoder", encoder)


def _refuse_time(path: Path) -> None:
    from xbarsim.errors import ParameterError

    msg = f"the network of {path} has no neurons, so no time-steps; leave --steps and --encoder out"
    raise ParameterError(msg)


def trace_over_time(
    network: "nn.Module", source: Source, most: int | None = None
) -> "InferenceTrace":
    """Run a network on the test images of its source, showing a bar.

    Raises:
        ParameterError: If the network does not take images of that shape.
    """
    from xbarsim.errors import ParameterError
    from xbarsim.learning import measure_trace
    from xbarsim.progress import progress_bar

    images = source.data.test_images[:most]
    try:
        with progress_bar() as bar:
            task = bar.add_task("test images", total=len(images))
            return measure_trace(
                network, source.data, source.steps, encoder=source.encoder, images=most,
                on_batch=lambda n: bar.advance(task, n),
            )  # fmt: skip
    except RuntimeError as error:
        msg = f"the network does not take images of shape {tuple(images.shape[1:])}: {error}"
        raise ParameterError(msg) from error
