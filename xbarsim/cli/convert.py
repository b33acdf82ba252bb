"""This module is ``xbarsim convert``: a trained ReLU network as a spiking one."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xbarsim.cli.networks import DataFolder, TestImages
from xbarsim.cli.output import JsonFlag, say
from xbarsim.cli.source import DatasetName, NetworkFile, Source, load_source, trace_over_time

if TYPE_CHECKING:
    from torch import nn

Out = Annotated[
    Path,
    typer.Option(
        "--out", "-o", help="File to write: .nir, or .safetensors where NETWORK is a checkpoint."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(convert)


def convert(
    network: NetworkFile,
    out: Out,
    *,
    dataset: DatasetName = None,
    steps: Annotated[int, typer.Option(help="Time-steps of search and measurement.", min=1)] = 100,
    images: Annotated[int, typer.Option(help="Training images to search on.", min=1)] = 256,
    percentile: Annotated[
        float, typer.Option(help="Of pre-activations; 100: largest. [%]", min=0, max=100)
    ] = 100,
    data: DataFolder = None,
    test_images: TestImages = None,
    json: JsonFlag = False,
) -> None:
    """Convert a trained ReLU network into an integrate-and-fire network (Algorithm 1).

    NETWORK is a checkpoint of ``xbarsim train``, or an ONNX file, whose thresholds are searched on
    the training images of --dataset. What is written as NIR, ``infer``, ``cure`` and ``cosim`` take
    with --steps.
    """
    from xbarsim.learning import convert as run_conversion
    from xbarsim.learning import keep_freed_memory
    from xbarsim.storage import writable_folder

    keep_freed_memory()
    writable_folder(out.parent)
    began = time.monotonic()
    source = load_source(network, data, dataset=dataset)
    _check_out(source, network, out)
    found = run_conversion(
        source.network, source.data.train_images[:images], steps, percentile=percentile
    )
    encoder = "poisson" if source.recipe is None else source.recipe.encoder
    trace = trace_over_time(found, Source(found, source.data, steps, encoder), test_images)
    labels = source.data.test_labels[:test_images]
    accuracy = float(trace.accuracy(labels)[-1])
    chosen = "" if test_images is None else f" --test-images {test_images}"
    chosen += "" if dataset is None else f" --dataset {dataset}"
    metrics = {
        "test_accuracy": accuracy,
        "test_images": len(labels),
        "seconds": time.monotonic() - began,
        "command": f"xbarsim convert {network.name} --steps {steps} --images {images} "
        f"--percentile {percentile:g}{chosen}",
    }
    _write(found, source, steps, out, metrics)
    text = f"test accuracy {100 * accuracy:.2f} %; wrote {out}"
    say({"written": str(out), **metrics}, text, json=json)


def _check_out(source: Source, network: Path, out: Path) -> None:
    """Refuse a checkpoint of a network whose recipe is not known."""
    from xbarsim.errors import ParameterError

    if out.suffix != ".nir" and source.recipe is None:
        msg = (
            f"{out.name} would be a checkpoint, which says how its network was trained, but nothing "
            f"is known about {network.name}; write a NIR file: -o {out.with_suffix('.nir').name}"
        )
        raise ParameterError(msg)


def _write(
    found: "nn.Module", source: Source, steps: int, out: Path, metrics: dict[str, Any]
) -> None:
    """Write a NIR file, or a checkpoint and its line of metrics."""
    from json import dumps

    from xbarsim.exchange import write_nir
    from xbarsim.learning import save_network
    from xbarsim.storage import write_atomically

    recipe, data = source.recipe, source.data
    if out.suffix == ".nir" or recipe is None:
        write_nir(found, out, tuple(data.train_images.shape[1:]))
        return
    norm = "folded" if recipe.norm == "batch" else recipe.norm
    new = recipe.replace(method="conversion", steps=steps, norm=norm)
    save_network(found, new, out, data_md5=data.md5, metrics=metrics)
    write_atomically(out.with_suffix(".jsonl"), dumps({**metrics, "seed": recipe.seed}) + "\n")
