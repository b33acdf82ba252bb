"""This module is ``xbarsim infer``: a network on crossbars, after every time-step."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xbarsim.cli.effort import Paranoid
from xbarsim.cli.hardware import ModelName, chosen_setup
from xbarsim.cli.licence import RecordPlace, find_licence
from xbarsim.cli.networks import Checkpoint, DataFolder, accuracy_over_time
from xbarsim.cli.output import OUT, JsonFlag, print_json

if TYPE_CHECKING:
    from torch import nn

    from xbarsim.data import Dataset
    from xbarsim.hardware import HardwareSetup
    from xbarsim.inference import ErrorTrace
    from xbarsim.learning import Recipe

Device = Annotated[str, typer.Option(help="Preset or TOML file of cells and wires.")]
Tile = Annotated[int, typer.Option(help="Rows and columns of a tile, unless the setup says.")]
SetupFile = Annotated[
    Path | None,
    typer.Option(
        help="TOML file with [mapping], [mapping.driver], [reading], [reading.cell], [reading.adc], "
        "[effects]."
    ),
]
Images = Annotated[int | None, typer.Option(help="Test images to measure on; all by default.")]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(infer)


@dataclass(frozen=True)
class _Job:
    """A loaded checkpoint and its hardware."""

    network: "nn.Module"
    recipe: "Recipe"
    data: "Dataset"
    hardware: "nn.Module"
    stamps: list[str]
    fit_error: float | None


def infer(
    checkpoint: Checkpoint,
    *,
    record: RecordPlace = None,
    allow_unvalidated: Annotated[
        bool, typer.Option(help="Go on without a record; the output says so.")
    ] = False,
    device: Device = "bhattacharjee2022",
    tile: Tile = 64,
    gain: Annotated[
        str | None,
        typer.Option(help="Read-out gain: none, layer, tile, column; else the setup's (column)."),
    ] = None,
    compensated: Annotated[
        bool, typer.Option(help="Program conductances that make up for IR drop.")
    ] = False,
    setup: SetupFile = None,
    model: ModelName = None,
    chip: Annotated[int, typer.Option(help="Number of the chip; each has its own cells.")] = 0,
    images: Images = None,
    paranoid: Paranoid = None,
    errors: Annotated[
        int, typer.Option(help="Test images to compare with software layer by layer; 0: none.")
    ] = 0,
    forced: Annotated[
        bool, typer.Option(help="Feed every layer software's spikes: its own errors only.")
    ] = False,
    figures: Annotated[Path | None, typer.Option(help="Folder for figures (PNG).")] = None,
    data: DataFolder = None,
    json: JsonFlag = False,
) -> None:
    """Put a network on crossbars and measure its accuracy after every time-step.

    With --errors also what happens inside, per layer and step: membrane error against software fed
    the same input (in thresholds), spike flips, and how the error grows.
    """
    from typing import cast

    from xbarsim.mapping import Gain
    from xbarsim.storage import writable_folder

    if figures is not None:
        writable_folder(figures)
    job = _load(checkpoint, data, device, tile, chosen_setup(setup, device, model), chip, {
        "record": record, "allow_unvalidated": allow_unvalidated, "compensated": compensated,
        "gain": cast("Gain | None", gain), "paranoid": paranoid,
    })  # fmt: skip
    accuracy = {
        name: accuracy_over_time(net, job.recipe, job.data, images)
        for name, net in (("software", job.network), ("hardware", job.hardware))
    }
    found = _compare(job, errors, forced=forced) if errors else None
    if figures is not None:
        _draw(figures, accuracy, found)
    if json:
        fit = {} if job.fit_error is None else {"fit_error": job.fit_error}
        print_json({**accuracy, "evidence": job.stamps, **fit, **_as_data(found)})
        return
    for step, (soft, hard) in enumerate(zip(*accuracy.values(), strict=True), start=1):
        OUT.print(f"t={step}: software {100 * soft:.2f} %, hardware {100 * hard:.2f} %")
    if found is not None:
        _print_errors(found)
    if job.fit_error is not None:
        OUT.print(f"fitted tiles: largest error on patterns held out {100 * job.fit_error:.2g} %")
    OUT.print(f"evidence: {', '.join(job.stamps)}")


def _load(
    checkpoint: Path,
    data: Path | None,
    device: str,
    tile: int,
    chosen: "HardwareSetup",
    chip: int,
    options: dict[str, Any],
) -> _Job:
    """Load a checkpoint and put it on crossbars, with a bar over the arrays."""
    from xbarsim.data import load_dataset
    from xbarsim.hardware import count_arrays, layer_summaries, to_crossbar
    from xbarsim.hardware.recheck import recheck_network
    from xbarsim.learning import load_network
    from xbarsim.parameters import load_crossbar, load_device
    from xbarsim.progress import progress_bar

    network, recipe = load_network(checkpoint)
    dataset = load_dataset(recipe.dataset, data)
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
            network, (chosen.mapping.tile or (tile, tile)), chosen.mapping
        )  # fmt: skip
        task = bar.add_task("arrays", total=total)
        hardware = to_crossbar(
            network, crossbar, load_device(device), wrap=wrap,
            record=record, mapping=chosen.mapping,
            reading=chosen.reading, effects=chosen.effects, seconds=chosen.seconds, chip=chip,
            encoder="direct" if recipe.method == "ann" else recipe.encoder,
            on_tile=lambda n: bar.advance(task, n), **options,
        )  # fmt: skip
    layers = layer_summaries(hardware)
    errors = [layer.fit_error for layer in layers if layer.fit_error is not None]
    stamps = sorted({layer.validated for layer in layers})
    return _Job(network, recipe, dataset, hardware, stamps, max(errors, default=None))


def _compare(job: _Job, count: int, *, forced: bool) -> "ErrorTrace":
    from xbarsim.errors import ParameterError
    from xbarsim.inference import layer_errors
    from xbarsim.progress import progress_bar

    if job.recipe.method == "ann":
        msg = "errors over time were asked for, but this network has no time-steps; leave --errors out"
        raise ParameterError(msg)
    images = job.data.test_images[:count]
    with progress_bar() as bar:
        task = bar.add_task("layers against software", total=len(images))
        return layer_errors(
            job.hardware, job.network, images, job.recipe.steps, forced=forced,
            encoder=job.recipe.encoder, on_batch=lambda n: bar.advance(task, n),
        )  # fmt: skip


def _as_data(found: "ErrorTrace | None") -> dict[str, Any]:
    """Return errors and their growth laws as plain data."""
    if found is None:
        return {}
    laws = [None if law is None else asdict(law) for law in _laws(found)]
    return {"errors": {**asdict(found), "growth": laws}}


def _laws(found: "ErrorTrace") -> list[Any]:
    """Return the growth law of every layer, None where there is no error or too little time."""
    from xbarsim.inference import growth_law

    enough = found.potential.shape[1] >= 3
    return [
        growth_law(row, float(leak)) if enough and (row > 0).all() else None
        for row, leak in zip(found.potential, found.leak, strict=True)
    ]


def _print_errors(found: "ErrorTrace") -> None:
    from rich.table import Table

    table = Table("layer", "error [θ]", "static", "per read", "flips [%]", "~ t^", "same / new")
    for k, law in enumerate(_laws(found)):
        shape = ("-", "-") if law is None else (
            f"{law.exponent:.2f}", f"{law.coherent:.3g} / {law.diffuse:.3g}"
        )  # fmt: skip
        last = [getattr(found, name)[k, -1] for name in ("potential", "static", "per_read")]
        table.add_row(
            str(k + 1), *(f"{x:.3f}" for x in last), f"{100 * found.flips[k].mean():.2f}", *shape
        )
    OUT.print(table)
    OUT.print("error of the potential without resets after the last step, in thresholds; flips: mean "
              "over steps; same / new: error per step that repeats / is drawn anew")  # fmt: skip


def _draw(folder: Path, accuracy: dict[str, Any], found: "ErrorTrace | None") -> None:
    from xbarsim.report.traces import accuracy_trace, error_growth, layer_time_map
    from xbarsim.storage import whole_file

    pictures = {
        "accuracy": accuracy_trace(accuracy["software"], {"hardware": accuracy["hardware"]})
    }
    if found is not None:
        pictures["flips"] = layer_time_map(100 * found.flips, "spike flips [% of neurons]")
        pictures["membrane"] = layer_time_map(found.membrane, "membrane error [thresholds]")
        pictures["growth"] = error_growth(found)
    for name, figure in pictures.items():
        with whole_file(folder / f"{name}.png") as stream:
            figure.savefig(stream, format="png", dpi=150)
        OUT.print(f"wrote {folder / name}.png")
