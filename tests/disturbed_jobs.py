"""Jobs that are started in processes of their own, disturbed there, and looked at afterwards."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file


def command(*arguments: str) -> None:
    """Run the command line as a shell would."""
    from xbarsim.cli import run

    sys.argv = ["xbarsim", *arguments]
    run()


def campaign(folder: Path, workers: int = 1) -> None:
    sizes = ["--rows", "4", "--cols", "3", "--cases", "25", "--vectors", "2"]
    places = ["--store", str(folder / "store"), "--out", str(folder / "t.npz")]
    command("campaign", "milo2021", *sizes, *places, "--workers", str(workers))


def spread_campaign(folder: Path) -> None:
    campaign(folder, workers=2)


def campaign_result(folder: Path) -> object:
    with np.load(folder / "t.npz") as table:
        return {name: table[name].tolist() for name in ("case", "seed", "vector", "col", "i_col")}


def validation(folder: Path) -> None:
    few = ["sizes=[[6, 5], [4, 7]]", "circuits=8", "vectors=3"]
    changes = [word for change in few for word in ("--set", change)]
    out = ["--no-report", "-o", str(folder / "r.json")]
    command("validate", "wan2022", *changes, *out)


def validation_result(folder: Path) -> object:
    record = json.loads((folder / "r.json").read_text())
    return {
        name: record[name] for name in ("passed", "models", "circuits", "envelope", "n_outputs")
    }


def training(folder: Path) -> None:
    """Train as `xbarsim train` does, keeping the state after every update."""
    from xbarsim.cli.app import _tell_interrupt
    from xbarsim.interrupts import end_as_after_interrupt

    end_as_after_interrupt()
    try:
        _train(folder)
    except KeyboardInterrupt as error:
        _tell_interrupt(error)


def _train(folder: Path) -> None:
    from xbarsim.data import Dataset
    from xbarsim.learning import Recipe, TrainingRun, continue_run, resume

    resume._SAVE_EVERY_S = 0.0
    resume._LINE_EVERY = 1
    images = torch.rand(40, 1, 8, 8, generator=torch.Generator().manual_seed(7))
    data = Dataset("tiny", images[:30], torch.arange(30) % 10, images[30:], torch.arange(10), {})
    recipe = Recipe(
        name="tiny", dataset="tiny", network="vgg-digits", method="surrogate", epochs=3, batch=5,
        steps=3, shift=1, flip=True,
    )  # fmt: skip
    run = TrainingRun(recipe, data)
    continue_run(run, folder / "state.safetensors", folder / "metrics.jsonl")
    weights = {name: t.contiguous() for name, t in run.network.state_dict().items()}
    save_file(weights, folder / "net.safetensors")


def training_result(folder: Path) -> object:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    steps = [(line["update"], line["loss"]) for line in lines]
    weights = load_file(folder / "net.safetensors")
    return steps, {name: t.tolist() for name, t in weights.items()}


def study(folder: Path) -> None:
    from xbarsim.learning.build import initial_network
    from xbarsim.learning.recipe import load_recipe
    from xbarsim.learning.store import save_network

    recipe = load_recipe("digits-ann")
    save_network(initial_network(recipe), recipe, folder / "digits-ann.safetensors")
    only = ["--row", "digits-ann", "--gain", "none", "--images", "4", "--chips", "2"]
    command(
        "study", "table2", "--dataset", "digits", *only, "--checkpoints", str(folder),
        "--record", str(Path(__file__).parents[1] / "validation/records/bhattacharjee2022.json"),
        "--out", str(folder), "--json",
    )  # fmt: skip


def study_result(folder: Path) -> object:
    lines = (folder / "digits/measurements.jsonl").read_text().splitlines()
    times = dict.fromkeys(("seconds", "once_s", "chip_s"), 0)
    kept = [{**json.loads(line), **times} for line in lines]
    pictures = [p.stat().st_size > 1000 for p in sorted((folder / "digits").glob("*.png"))]
    return kept, (folder / "digits/table2.csv").read_text(), pictures


JOBS = {
    "campaign": (campaign, campaign_result),
    "validate": (validation, validation_result),
    "train": (training, training_result),
    "study": (study, study_result),
}


def child(job, folder: Path, said: Path) -> None:
    os.chdir(folder)
    os.environ["XBARSIM_CACHE"] = str(folder / "cache")
    stream = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    torch.set_num_threads(1)
    job(folder)
