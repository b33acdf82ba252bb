"""This module is ``xbarsim cure``: what helps a network on crossbars, and what it costs."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xbarsim.cli.effort import Paranoid
from xbarsim.cli.infer import Device, Images, SetupFile, Tile
from xbarsim.cli.networks import Checkpoint, DataFolder, accuracy_over_time
from xbarsim.cli.output import OUT, JsonFlag, print_json

if TYPE_CHECKING:
    from torch import nn


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(cure)


def cure(
    checkpoint: Checkpoint,
    *,
    device: Device = "bhattacharjee2022",
    tile: Tile = 64,
    setup: SetupFile = None,
    gain: Annotated[str, typer.Option(help="Read-out gain before any cure.")] = "none",
    chips: Annotated[int, typer.Option(help="Number of chips.")] = 3,
    samples: Annotated[int, typer.Option(help="Training images that cures may look at.")] = 128,
    images: Images = None,
    updates: Annotated[
        int, typer.Option(help="Updates of noise-aware training; 0: leave it out.")
    ] = 0,
    paranoid: Paranoid = None,
    data: DataFolder = None,
    json: JsonFlag = False,
) -> None:
    """Try every cure on a network: what it costs, and accuracy before and after on every chip.

    Gains, order of rows and columns, IR-drop compensation, thresholds, batch-norm statistics, and
    with --updates training through the crossbars. No validation record is asked for.
    """
    from rich.table import Table

    from xbarsim.cures.table import summary, try_cures
    from xbarsim.progress import progress_bar

    patient, tuned = _patient(checkpoint, data, device, tile, setup, gain, samples, images, updates)
    patient = replace(patient, paranoid=paranoid)
    with progress_bar() as bar:
        task = bar.add_task("cures", total=None)
        found = try_cures(patient, chips, tuned=tuned, on_cure=lambda _: bar.advance(task, 1))
        rows = [summary(row) for row in found]
    if json:
        print_json({"steps": patient.steps, "tile": tile, "gain": gain, "rows": rows})
        return
    table = Table("cure", "needs", "s per chip", "before [%]", "after [%]")
    for entry in rows:
        table.add_row(
            str(entry["cure"]), str(entry["needs"]), f"{entry['seconds']:.1f}",
            f"{100 * float(str(entry['before'])):.2f}", f"{100 * float(str(entry['after'])):.2f}",
        )  # fmt: skip
    OUT.print(table)


def _patient(
    checkpoint: Path,
    data: Path | None,
    device: str,
    tile: int,
    setup: Path | None,
    gain: str,
    samples: int,
    images: int | None,
    updates: int,
) -> tuple[Any, "nn.Module | None"]:
    """Return what cures need, and the network trained through its crossbars if asked for."""
    from xbarsim.cures import Patient, noise_aware_fit
    from xbarsim.data import load_dataset
    from xbarsim.hardware import load_setup
    from xbarsim.learning import load_network
    from xbarsim.parameters import load_crossbar, load_device
    from xbarsim.progress import progress_bar

    network, recipe = load_network(checkpoint)
    dataset = load_dataset(recipe.dataset, data)
    crossbar, cells = load_crossbar(device, rows=tile, cols=tile), load_device(device)
    patient = Patient(
        network, 0 if recipe.method == "ann" else recipe.steps,
        "direct" if recipe.method == "ann" else recipe.encoder, dataset.train_images[:samples],
        lambda net: float(accuracy_over_time(net, recipe, dataset, images)[-1]),
        crossbar, cells, load_setup(setup).mapping.replace(gain=gain),
    )  # fmt: skip
    if not updates:
        return patient, None
    with progress_bar() as bar:
        task = bar.add_task("training through the arrays", total=updates)
        tuned = noise_aware_fit(network, recipe, dataset, crossbar, cells, updates=updates,
                                on_update=lambda n: bar.advance(task, n))  # fmt: skip
    return patient, tuned
