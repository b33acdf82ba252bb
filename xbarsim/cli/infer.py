"""This module is ``xbarsim infer``: a network on crossbars, after every time-step."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xbarsim.cli.complete import gains, presets
from xbarsim.cli.effort import Paranoid
from xbarsim.cli.hardware import ModelName, chosen_setup
from xbarsim.cli.infer_results import (
    draw_figures,
    errors_as_data,
    print_accuracy,
    print_errors,
    write_results,
)
from xbarsim.cli.licence import RecordPlace, find_licence
from xbarsim.cli.networks import DataFolder
from xbarsim.cli.output import OUT, JsonFlag, print_json
from xbarsim.cli.source import (
    DatasetName,
    EncoderName,
    NetworkFile,
    Source,
    Steps,
    load_source,
    trace_over_time,
)

if TYPE_CHECKING:
    from torch import nn

    from xbarsim.hardware import HardwareSetup
    from xbarsim.inference import ErrorTrace

Device = Annotated[
    str, typer.Option(help="Preset or TOML file of cells and wires.", autocompletion=presets)
]
Tile = Annotated[
    int, typer.Option(help="Rows and columns of a tile, unless the setup says.", min=1)
]
SetupFile = Annotated[
    Path | None,
    typer.Option(
        help="TOML file with [mapping], [mapping.driver], [reading], [reading.cell], [reading.adc], "
        "[effects]."
    ),
]
Images = Annotated[
    int | None, typer.Option(help="Test images to measure on; all by default.", min=1)
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(infer)


@dataclass(frozen=True)
class _Job:
    """A network, its hardware, and what both were found to do."""

    source: Source
    hardware: "nn.Module"
    stamps: list[str]
    fit_error: float | None


def infer(
    network: NetworkFile,
    *,
    dataset: DatasetName = None,
    steps: Steps = None,
    encoder: EncoderName = None,
    record: RecordPlace = None,
    allow_unvalidated: Annotated[
        bool, typer.Option(help="Go on without a record; the output says so.")
    ] = False,
    device: Device = "bhattacharjee2022",
    tile: Tile = 64,
    gain: Annotated[
        str | None,
        typer.Option(
            help="Read-out gain: none, layer, tile, column, bitline; else the setup's (column).",
            autocompletion=gains,
        ),
    ] = None,
    compensated: Annotated[
        bool, typer.Option(help="Program conductances that make up for IR drop.")
    ] = False,
    correct: Annotated[
        int,
        typer.Option(
            help="Training images, without labels, on which every output gets a scale and an offset; "
            "0: none.",
            min=0,
        ),
    ] = 0,
    setup: SetupFile = None,
    model: ModelName = None,
    chip: Annotated[
        int, typer.Option(help="Number of the chip; each has its own cells.", min=0)
    ] = 0,
    images: Images = None,
    paranoid: Paranoid = None,
    errors: Annotated[
        int,
        typer.Option(help="Test images to compare with software layer by layer; 0: none.", min=0),
    ] = 0,
    forced: Annotated[
        bool, typer.Option(help="Feed every layer software's spikes: its own errors only.")
    ] = False,
    report: Annotated[Path | None, typer.Option(help="Report to write (.html).")] = None,
    table: Annotated[
        Path | None, typer.Option(help="Accuracy per step to write (.csv or .parquet).")
    ] = None,
    figures: Annotated[Path | None, typer.Option(help="Folder for figures (PNG).")] = None,
    data: DataFolder = None,
    json: JsonFlag = False,
) -> None:
    """Put a network on crossbars and measure its accuracy after every time-step.

    NETWORK is a checkpoint of ``xbarsim train`` or ``convert``, which knows its data set, time-steps
    and encoder; or a NIR file, or an ONNX file (a network without time), for which --dataset,
    --steps and --encoder say them. The images are the data set's test images.

    With --errors also what happens inside, per layer and step: membrane error against software fed
    the same input (in thresholds), spike flips, and how the error grows.
    """
    from typing import cast

    from xbarsim.interop.tables import check_table_name
    from xbarsim.mapping import Gain
    from xbarsim.storage import writable_folder

    if table is not None:
        check_table_name(table)
    for folder in (figures, *(file.parent for file in (report, table) if file is not None)):
        if folder is not None:
            writable_folder(folder)
    source = load_source(network, data, dataset=dataset, steps=steps, encoder=encoder)
    job = _on_crossbars(source, device, tile, chosen_setup(setup, device, model), chip, {
        "record": record, "allow_unvalidated": allow_unvalidated, "compensated": compensated,
        "gain": cast("Gain | None", gain), "paranoid": paranoid,
    })  # fmt: skip
    if correct:
        job = replace(job, hardware=_corrected(job, correct))
    traces = {
        name: trace_over_time(net, source, images)
        for name, net in (("software", source.network), ("hardware", job.hardware))
    }
    found = _compare(job, errors, forced=forced) if errors else None
    labels = source.data.test_labels[:images]
    accuracy = {name: trace.accuracy(labels) for name, trace in traces.items()}
    write_results(source, job.hardware, network, traces, found, labels, accuracy, report, table)
    if figures is not None:
        draw_figures(figures, accuracy, found)
    if json:
        fit = {} if job.fit_error is None else {"fit_error": job.fit_error}
        print_json({**accuracy, "evidence": job.stamps, **fit, **errors_as_data(found)})
        return
    print_accuracy(accuracy)
    if found is not None:
        print_errors(found)
    if job.fit_error is not None:
        OUT.print(f"fitted tiles: largest error on patterns held out {100 * job.fit_error:.2g} %")
    OUT.print(f"evidence: {', '.join(job.stamps)}", markup=False)


def _on_crossbars(
    source: Source,
    device: str,
    tile: int,
    chosen: "HardwareSetup",
    chip: int,
    options: dict[str, Any],
) -> _Job:
    """Put a network on crossbars, with a bar over the arrays."""
    from xbarsim.hardware import count_arrays, layer_summaries, to_crossbar
    from xbarsim.hardware.recheck import recheck_network
    from xbarsim.parameters import load_crossbar, load_device
    from xbarsim.progress import progress_bar

    where, paranoid = options.pop("record"), options.pop("paranoid")
    side = chosen.mapping.tile[0] if chosen.mapping.tile else tile
    direct = options["allow_unvalidated"] or chosen.reading.ir_drop != "exact"
    record = where if direct else find_licence(where, device, side)
    crossbar = load_crossbar(device, rows=tile, cols=tile)
    wrap = None if paranoid is None else recheck_network(
        crossbar, chosen.mapping, chosen.reading, share=paranoid
    )  # fmt: skip
    with progress_bar() as bar:
        total = None if options["compensated"] or chosen.mapping.compensated else count_arrays(
            source.network, (chosen.mapping.tile or (tile, tile)), chosen.mapping
        )  # fmt: skip
        task = bar.add_task("arrays", total=total)
        hardware = to_crossbar(
            source.network, crossbar, load_device(device), wrap=wrap,
            record=record, mapping=chosen.mapping,
            reading=chosen.reading, effects=chosen.effects, seconds=chosen.seconds, chip=chip,
            encoder=source.encoder, on_tile=lambda n: bar.advance(task, n), **options,
        )  # fmt: skip
    layers = layer_summaries(hardware)
    errors = [layer.fit_error for layer in layers if layer.fit_error is not None]
    stamps = sorted({layer.validated for layer in layers})
    return _Job(source, hardware, stamps, max(errors, default=None))


def _corrected(job: _Job, count: int) -> "nn.Module":
    """Return the chip with outputs that fit the software's, behind a bar over images."""
    from xbarsim.cures import correct_outputs, output_statistics
    from xbarsim.progress import progress_bar

    source, images = job.source, job.source.data.train_images[:count]
    with progress_bar() as bar:
        task = bar.add_task("outputs in software", total=len(images))
        wanted = output_statistics(
            source.network, images, source.steps, encoder=source.encoder,
            on_batch=lambda n: bar.advance(task, n),
        )  # fmt: skip
        task = bar.add_task("layers corrected", total=len(wanted.moments))
        return correct_outputs(
            job.hardware, wanted, images, source.steps, encoder=source.encoder,
            on_layer=lambda n: bar.advance(task, n),
        )  # fmt: skip


def _compare(job: _Job, count: int, *, forced: bool) -> "ErrorTrace":
    from xbarsim.errors import ParameterError
    from xbarsim.inference import layer_errors
    from xbarsim.progress import progress_bar

    source = job.source
    if source.steps == 0:
        msg = "errors over time were asked for, but this network has no time-steps; leave --errors out"
        raise ParameterError(msg)
    images = source.data.test_images[:count]
    with progress_bar() as bar:
        task = bar.add_task("layers against software", total=len(images))
        return layer_errors(
            job.hardware, source.network, images, source.steps, forced=forced,
            encoder=source.encoder, on_batch=lambda n: bar.advance(task, n),
        )  # fmt: skip
