"""This module is ``xbarsim train`` and ``study software``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xbarsim.cli.complete import recipes
from xbarsim.cli.output import OUT, JsonFlag, print_json, say
from xbarsim.cli.source import Source, trace_over_time
from xbarsim.cli.study import register as register_studies

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from torch import nn

    from xbarsim.data import Dataset
    from xbarsim.learning import Recipe, TrainingRun

DataFolder = Annotated[
    Path | None, typer.Option(help="Folder with the data set's files; else XBARSIM_DATA.")
]
Out = Annotated[Path, typer.Option("--out", "-o", help="Checkpoint to write (.safetensors).")]
TestImages = Annotated[
    int | None, typer.Option(help="Test images to measure on; all by default.", min=1)
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(train)
    study = typer.Typer(no_args_is_help=True, help="Studies: tables that the paper has, too.")
    study.command()(software)
    register_studies(study)
    app.add_typer(study, name="study")


def train(
    recipe: Annotated[
        str,
        typer.Argument(
            help="Shipped recipe (digits-ann, ...) or TOML file.", autocompletion=recipes
        ),
    ],
    out: Out,
    seed: Annotated[int | None, typer.Option(help="Seed instead of the recipe's.", min=0)] = None,
    data: DataFolder = None,
    device: Annotated[str, typer.Option(help="cpu, cuda, or auto: cuda where there is one.")] = (
        "auto"
    ),
    start: Annotated[
        Path | None, typer.Option(help="Checkpoint to start from, of the recipe's start_from.")
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(help="Stop after so long; the same command goes on. [min]", min=0),
    ] = None,
    test_images: TestImages = None,
    json: JsonFlag = False,
) -> None:
    """Train a network by a recipe.

    A first network in under a minute: ``xbarsim train digits-ann -o digits.safetensors``; then
    ``xbarsim infer digits.safetensors`` puts it on crossbars. digits-surrogate and digits-bntt are
    spiking ones; a wrong name lists all recipes. Those named digits-... need no files.

    mnist-vgg5-ann needs MNIST (--data, XBARSIM_DATA, else it is downloaded). Spiking networks of
    MNIST start from another checkpoint: --start. The paper's own recipes are named paper-...; they
    and CIFAR-10 want a GPU. Your own recipe is a TOML file: ``xbarsim schema recipe`` says its keys.

    A run that was killed or ran out of its minutes goes on exactly where it was when the same
    command is given again. Beside OUT: metrics as JSON lines, and until the end the run's state.
    """
    from xbarsim.data import load_dataset
    from xbarsim.learning import TrainingRun, keep_freed_memory, load_recipe, starting_weights
    from xbarsim.storage import writable_folder

    keep_freed_memory()
    writable_folder(out.parent)
    loaded = load_recipe(recipe) if seed is None else load_recipe(recipe, seed=seed)
    images = load_dataset(loaded.dataset, data).to(_torch_device(device))
    run = TrainingRun(loaded, images, starting_weights(loaded, start, images))
    words = ["xbarsim train", recipe]
    words += [] if seed is None else [f"--seed {seed}"]
    words += [] if start is None else [f"--start {start.name}"]
    words += [] if test_images is None else [f"--test-images {test_images}"]
    budget_s = None if minutes is None else 60 * minutes
    result = _go_on(run, out, budget_s, " ".join(words), test_images)
    if result["finished"]:
        text = f"test accuracy {100 * result['test_accuracy']:.2f} %; wrote {out}"
    else:
        text = (
            f"stopped after update {result['update']} of {run.total}; the same command goes on from "
            f"{result['state']}"
        )
    say(result, text, json=json)


def _go_on(
    run: "TrainingRun", out: Path, budget_s: float | None, command: str, test_images: int | None
) -> dict[str, Any]:
    """Advance a run to its end or to the end of its time, showing a bar; return what came of it."""
    from xbarsim.learning import continue_run
    from xbarsim.progress import progress_bar

    state, log = out.with_suffix(".state.safetensors"), out.with_suffix(".jsonl")
    with progress_bar() as bar:
        task = bar.add_task(run.recipe.name, total=run.total)
        progress = continue_run(
            run, state, log, budget_s=budget_s,
            on_update=lambda _: bar.update(task, completed=run.update),
        )  # fmt: skip
    if not progress.finished:
        return {"finished": False, "update": progress.update, "state": str(state)}
    metrics = {"seconds": progress.seconds, "command": command, "updates": run.total}
    _finish(run, out, metrics, test_images)
    state.unlink()
    return {"finished": True, "written": str(out), **metrics}


def _finish(
    run: "TrainingRun", out: Path, metrics: dict[str, Any], test_images: int | None
) -> None:
    """Measure a trained network as the checkpoint will hold it, and write the checkpoint."""
    from xbarsim.learning import log_result, round_weights, save_network

    network = run.network.eval()
    round_weights(network)
    accuracy = float(accuracy_over_time(network, run.recipe, run.data, test_images)[-1])
    metrics |= {
        "test_accuracy": accuracy,
        "test_images": len(run.data.test_images[:test_images]),
        "device": run.device.type,
    }
    save_network(network, run.recipe, out, data_md5=run.data.md5, metrics=metrics)
    log_result(out.with_suffix(".jsonl"), {**metrics, "seed": run.recipe.seed})


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


def accuracy_over_time(
    network: "nn.Module", recipe: "Recipe", data: "Dataset", most: int | None = None
) -> "NDArray[np.float64]":
    """Return test accuracy after each time-step; one value for a network without time."""
    steps = 0 if recipe.method == "ann" else recipe.steps
    source = Source(network, data, steps, recipe.encoder)
    return trace_over_time(network, source, most).accuracy(data.test_labels[:most])


def software(
    checkpoints: Annotated[Path, typer.Option(help="Folder of the checkpoints.")] = Path(
        "validation/studies/checkpoints"
    ),
    out: Annotated[Path, typer.Option("--out", "-o", help="File to write (JSON).")] = Path(
        "validation/studies/software_accuracy.json"
    ),
    json: JsonFlag = False,
) -> None:
    """Collect what the kept checkpoints reached, and the commands that make those that lack."""
    import json as json_format

    from xbarsim.learning import software_results
    from xbarsim.storage import writable_folder, write_atomically

    writable_folder(out.parent)
    rows = software_results(checkpoints)
    write_atomically(out, json_format.dumps({"rows": rows}, indent=1) + "\n")
    if json:
        print_json({"rows": rows})
        return
    for row in rows:
        value = row["value"]
        shown = value if isinstance(value, str) else f"{value:.2f} %"
        OUT.print(f"{row['checkpoint']}: {shown}")
