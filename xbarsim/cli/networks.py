"""This module is ``xbarsim train``, ``convert`` and ``infer``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xbarsim.cli.output import OUT, JsonFlag, print_json

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from torch import nn

    from xbarsim.data import Dataset
    from xbarsim.learning import Recipe, TrainingRun

Checkpoint = Annotated[Path, typer.Argument(help="Checkpoint (.safetensors).")]
DataFolder = Annotated[
    Path | None, typer.Option(help="Folder with the data set's files; else XBARSIM_DATA.")
]
Out = Annotated[Path, typer.Option("--out", "-o", help="Checkpoint to write (.safetensors).")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(train)
    app.command()(convert)
    app.command()(infer)


def train(
    recipe: Annotated[str, typer.Argument(help="Shipped recipe (digits-ann, ...) or TOML file.")],
    out: Out,
    seed: Annotated[int | None, typer.Option(help="Seed instead of the recipe's.")] = None,
    data: DataFolder = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, or auto: cuda where there is one.")] = (
        "auto"
    ),
    start: Annotated[
        Path | None, typer.Option(help="Checkpoint to start from, of the recipe's start_from.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(help="Stop after so long; the same command goes on. [min]")
    ] = None,
) -> None:
    """Train a network by a recipe; digits take less than a minute on two cores.

    A run that was killed or ran out of its minutes goes on exactly where it was when the same
    command is given again. Beside OUT: metrics as JSON lines, and until the end the run's state.
    """
    from xbarsim.data import load_dataset
    from xbarsim.learning import TrainingRun, continue_run, load_recipe, starting_weights
    from xbarsim.progress import progress_bar
    from xbarsim.storage import writable_folder

    writable_folder(out.parent)
    loaded = load_recipe(recipe) if seed is None else load_recipe(recipe, seed=seed)
    images = load_dataset(loaded.dataset, data).to(_torch_device(device))
    weights = starting_weights(loaded, start, images)
    run = TrainingRun(loaded, images, weights)
    state, log = out.with_suffix(".state.safetensors"), out.with_suffix(".jsonl")
    budget = None if minutes is None else 60 * minutes
    with progress_bar() as bar:
        task = bar.add_task(loaded.name, total=run.total)
        progress = continue_run(
            run, state, log, budget_s=budget,
            on_update=lambda _: bar.update(task, completed=run.update),
        )  # fmt: skip
    if not progress.finished:
        OUT.print(f"stopped after update {progress.update} of {run.total}; the same command goes "
                  f"on from {state}")  # fmt: skip
        return
    command = f"xbarsim train {recipe}" + ("" if seed is None else f" --seed {seed}")
    _finish(run, out, {"seconds": progress.seconds, "command": command, "updates": run.total})
    state.unlink()


def _finish(run: "TrainingRun", out: Path, metrics: dict[str, Any]) -> None:
    """Measure a trained network as the checkpoint will hold it, and write the checkpoint."""
    from xbarsim.learning import round_weights, save_network

    network = run.network.eval()
    round_weights(network)
    accuracy = float(_accuracy(network, run.recipe, run.data)[-1])
    metrics = {**metrics, "test_accuracy": accuracy, "device": run.device.type}
    save_network(network, run.recipe, out, data_md5=run.data.md5, metrics=metrics)
    OUT.print(f"test accuracy {100 * accuracy:.2f} %; wrote {out}")


def _torch_device(name: str) -> "torch.device":
    import torch

    from xbarsim.errors import ParameterError

    has_cuda = torch.cuda.is_available()
    if name == "auto":
        name = "cuda" if has_cuda else "cpu"
    if name not in {"cpu", "cuda"} or (name == "cuda" and not has_cuda):
        known = "cpu, cuda, auto" if has_cuda else "cpu, auto (no CUDA device is found here)"
        msg = f"device is {name!r}; known: {known}"
        raise ParameterError(msg)
    return torch.device(name)


def convert(
    checkpoint: Checkpoint,
    out: Out,
    steps: Annotated[int, typer.Option(help="Time-steps of the threshold search.")] = 100,
    images: Annotated[int, typer.Option(help="Training images to search on.")] = 256,
    percentile: Annotated[float, typer.Option(help="Of pre-activations; 100: largest. [%]")] = 100,
) -> None:
    """Convert a trained ReLU network into an integrate-and-fire network (Algorithm 1)."""
    from xbarsim.data import load_dataset
    from xbarsim.learning import convert as run_conversion
    from xbarsim.learning import load_network, save_network
    from xbarsim.storage import writable_folder

    writable_folder(out.parent)
    network, recipe = load_network(checkpoint)
    data = load_dataset(recipe.dataset)
    spiking = run_conversion(network, data.train_images[:images], steps, percentile=percentile)
    new = recipe.replace(method="conversion", steps=steps)
    save_network(spiking, new, out)
    OUT.print(f"test accuracy {100 * _accuracy(spiking, new, data)[-1]:.2f} %; wrote {out}")


def infer(
    checkpoint: Checkpoint,
    record: Annotated[
        Path | None, typer.Option(help="Validation record that covers the tiles.")
    ] = None,
    allow_unvalidated: Annotated[
        bool, typer.Option(help="Go on without a record; the output says so.")
    ] = False,
    device: Annotated[str, typer.Option(help="Preset or TOML file.")] = "bhattacharjee2022",
    tile: Annotated[int, typer.Option(help="Rows and columns of a tile.")] = 64,
    gain: Annotated[str, typer.Option(help="Read-out gain: none, layer, tile, column.")] = "column",
    chip: Annotated[int, typer.Option(help="Number of the chip; each has its own variation.")] = 0,
    json: JsonFlag = False,
) -> None:
    """Put a network on crossbars and measure its accuracy after every time-step."""
    from typing import cast

    from xbarsim.data import load_dataset
    from xbarsim.hardware import layer_summaries, to_crossbar
    from xbarsim.learning import load_network
    from xbarsim.mapping import Gain
    from xbarsim.parameters import load_crossbar, load_device
    from xbarsim.validation import load_record

    network, recipe = load_network(checkpoint)
    data = load_dataset(recipe.dataset)
    hardware = to_crossbar(
        network,
        load_crossbar(device, rows=tile, cols=tile),
        load_device(device),
        record=None if record is None else load_record(record),
        allow_unvalidated=allow_unvalidated,
        gain=cast("Gain", gain),
        chip=chip,
    )
    software, crossbar = (_accuracy(n, recipe, data) for n in (network, hardware))
    stamps = sorted({layer.validated for layer in layer_summaries(hardware)})
    if json:
        print_json({"software": software, "hardware": crossbar, "evidence": stamps})
        return
    for step in range(len(crossbar)):
        OUT.print(f"t={step + 1}: software {100 * software[step]:.2f} %, "
                  f"hardware {100 * crossbar[step]:.2f} %")  # fmt: skip
    OUT.print(f"evidence: {', '.join(stamps)}")


def _accuracy(network: "nn.Module", recipe: "Recipe", data: "Dataset") -> "NDArray[np.float64]":
    """Return accuracy after each time-step; one value for a network without time."""
    from xbarsim.study import Candidate

    steps = 0 if recipe.method == "ann" else recipe.steps
    return Candidate(recipe.name, network, steps).accuracy(network, data)
