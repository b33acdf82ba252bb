"""This module is ``xbarsim cure``: what helps a network on crossbars, and what it costs."""

from typing import TYPE_CHECKING, Annotated

import typer

from xbarsim.cli.effort import Paranoid
from xbarsim.cli.hardware import chosen_setup, refuse_nonlinear
from xbarsim.cli.infer import Device, Images, SetupFile, Tile
from xbarsim.cli.networks import DataFolder
from xbarsim.cli.output import OUT, JsonFlag, print_json
from xbarsim.cli.source import DatasetName, EncoderName, NetworkFile, Steps, load_source

if TYPE_CHECKING:
    from xbarsim.data import Dataset
    from xbarsim.hardware import HardwareSetup
    from xbarsim.study import Condition, CureLine, Hardware, Subject


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(cure)


def cure(
    network: NetworkFile,
    *,
    dataset: DatasetName = None,
    steps: Steps = None,
    encoder: EncoderName = None,
    device: Device = "bhattacharjee2022",
    tile: Tile = 64,
    setup: SetupFile = None,
    chips: Annotated[int, typer.Option(help="Number of chips.", min=1)] = 3,
    samples: Annotated[
        int, typer.Option(help="Training images that cures may look at.", min=1)
    ] = 128,
    images: Images = None,
    updates: Annotated[
        int, typer.Option(help="Updates of noise-aware training; 0: leave it out.", min=0)
    ] = 0,
    paranoid: Paranoid = None,
    data: DataFolder = None,
    json: JsonFlag = False,
) -> None:
    """Try every cure on a network: what it costs, and accuracy before and after, mean over chips.

    Gains, order of rows and columns, IR-drop compensation, a digital scale and offset of every
    output, thresholds, batch-norm statistics, with --updates training through the arrays of other
    chips, and what goes together. Before is the network on the same chips, read raw. No validation
    record is asked for. Networks from elsewhere (NIR, ONNX) are measured on the data set of
    --dataset and cannot be trained.
    """
    from dataclasses import asdict, replace

    from rich.table import Table

    from xbarsim.parameters import load_crossbar, load_device
    from xbarsim.study import Hardware, cures, given_subject, percent

    chosen = _checked(chosen_setup(setup, device, None), device, updates)
    source = load_source(network, data, dataset=dataset, steps=steps, encoder=encoder)
    subject = given_subject(
        network.stem, source.network, source.steps, source.encoder, source.recipe
    )
    if updates:
        subject.trainable()
    array = load_crossbar(device, rows=tile, cols=tile)
    hardware = Hardware(
        array,
        load_device(device),
        allow_unvalidated=True,
        setup=chosen,
        paranoid=paranoid,
    )
    conditions = [
        c
        for c in cures(tile, samples=samples, adaptation=samples, training=updates)
        if c.suits(subject.method)
    ]
    given = source.data
    part = replace(
        given, test_images=given.test_images[:images], test_labels=given.test_labels[:images]
    )
    lines = _measured(subject, conditions, hardware, part, chips)
    if json:
        print_json({"steps": subject.steps, "tile": tile, "rows": [asdict(line) for line in lines]})
        return
    table = Table("cure", "needs", "s once", "s per chip", "before [%]", "after [%]")
    for line in lines:
        table.add_row(
            line.cure, line.needs, f"{line.once_s:.1f}", f"{line.chip_s:.1f}",
            percent(line.before), line.note or percent(line.after),
        )  # fmt: skip
    OUT.print(f"software: {lines[0].software:.2f} % of {lines[0].images} images", table)


def _checked(setup: "HardwareSetup", device: str, updates: int) -> "HardwareSetup":
    """Refuse nonlinear cells where only linear ones are known."""
    from xbarsim.errors import ParameterError

    cell = setup.reading.nonlinear_cell
    if cell is None:
        refuse_nonlinear(
            device, f"ir_drop {setup.reading.ir_drop!r}",
            "give a --setup with [reading] ir_drop = 'nonlinear_static'",
        )  # fmt: skip
    elif updates:
        msg = (
            f"updates is {updates}: training goes through the exact model of linear cells, these are "
            f"{cell.kind}; leave --updates out"
        )
        raise ParameterError(msg)
    return setup


def _measured(
    subject: "Subject",
    conditions: "list[Condition]",
    hardware: "Hardware",
    data: "Dataset",
    chips: int,
) -> "list[CureLine]":
    """Measure every condition behind a progress bar."""
    from xbarsim.progress import progress_bar
    from xbarsim.study import cure_lines, measure_chips, measure_software

    with progress_bar() as bar:
        total = chips * len(conditions)
        task = bar.add_task("chips", total=total)
        found = [measure_software(subject, data)]
        for _, _, measured in measure_chips(subject, conditions, hardware, data, chips):
            found.append(measured)
            bar.advance(task, 1)
    return cure_lines([subject], conditions, found)
