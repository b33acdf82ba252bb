"""This module is ``xbarsim study``: the paper's tables and figures, measured anew."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xbarsim.cli.hardware import refuse_nonlinear
from xbarsim.cli.licence import RecordPlace, find_licence
from xbarsim.cli.output import OUT, JsonFlag, print_json

if TYPE_CHECKING:
    from xbarsim.data import Dataset
    from xbarsim.study import Measured, StudyPlan

PRESET = "bhattacharjee2022"
NAMES = {
    "table1": "Table I: every network on 64x64 crossbars, under each gain.",
    "table2": "Table II: 32x32 against 64x64 crossbars.",
    "fig3": "Fig. 3: accuracy and relative drop over time-steps.",
    "fig4": "Fig. 4: relative drop of BNTT networks against the number of adaptation samples.",
    "causes": "What a missing gain, wires and variation cost, one at a time; spike rates per layer.",
    "cure": "Every cure at 64x64: its cost, accuracy before and after; and cures together.",
    "beyond": "IR drop alone, compensated; what variation leaves after cures without retraining.",
    "all": "All of these.",
}

SERIES = {"causes": ("rates", "steps"), "fig3": ("steps",)}


def register(study: typer.Typer) -> None:
    """Add a command for every study."""
    for name, text in NAMES.items():
        study.command(name, help=f"{text} Measured chips are kept: a killed run goes on.")(measure)


@dataclass(frozen=True)
class _Written:
    """A study's files, and the command that re-creates them."""

    folder: Path
    command: str


def measure(
    context: typer.Context,
    *,
    dataset: Annotated[str, typer.Option(help="digits, mnist or cifar10.")] = "digits",
    images: Annotated[
        int | None,
        typer.Option(help="Only the first so many test images; the table says so.", min=1),
    ] = None,
    chips: Annotated[int, typer.Option(help="Chips per condition that has variation.", min=1)] = 5,
    gain: Annotated[
        list[str] | None,
        typer.Option(help="Gains: none, layer, tile, column, bitline (may be repeated)."),
    ] = None,
    row: Annotated[
        list[str] | None, typer.Option(help="Only these rows, say mnist-ann (may be repeated).")
    ] = None,
    updates: Annotated[
        int,
        typer.Option(help="Updates of training through arrays, as a cure; 0: leave it out.", min=0),
    ] = 200,
    device: Annotated[str, typer.Option(help="Preset or TOML file.")] = PRESET,
    record: RecordPlace = None,
    checkpoints: Annotated[Path, typer.Option(help="Folder of the checkpoints.")] = Path(
        "validation/studies/checkpoints"
    ),
    paranoid: Annotated[
        float | None,
        typer.Option(
            help="Share of tiles (0 to 1) to solve again by the other oracle, or abort.",
            min=0,
            max=1,
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder with the data set's files; else XBARSIM_DATA.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write in.")] = Path(
        "validation/studies"
    ),
    json: JsonFlag = False,
) -> None:
    """Measure a study; write Markdown, CSV and figures in OUT/DATASET."""
    from typing import cast

    from xbarsim.data import load_dataset
    from xbarsim.mapping import Gain
    from xbarsim.parameters import load_crossbar, load_device
    from xbarsim.storage import writable_folder
    from xbarsim.study import TRAINING, Hardware, StudyPlan, studies, study_rows

    refuse_nonlinear(device, "a study", "use `xbarsim infer --model nonlinear_static`")
    folder = writable_folder(out / (dataset if device == PRESET else f"{dataset}-{_stem(device)}"))
    gains = cast("tuple[Gain, ...]", tuple(gain or ("none", "layer", "tile", "column")))
    name = str(context.info_name)
    chosen = {n: s for n, s in studies(gains, updates).items() if name in ("all", n)}
    array = load_crossbar(device, rows=64, cols=64)
    hardware = Hardware(
        array, load_device(device), find_licence(record, device, 64), paranoid=paranoid
    )
    # One plan for all studies, so that a chip that several of them ask for is made once.
    conditions = list(dict.fromkeys(c for study in chosen.values() for c in study.conditions))
    asked = study_rows(dataset, tuple(row or ()))
    rows = [r for r in asked if any(r in study.about(asked) for study in chosen.values())]
    plan = StudyPlan(rows, conditions, chips, images, checkpoints, hardware)
    found = _measured(plan, load_dataset(dataset, data), folder, name)
    words = [f"--images {images}"] if images else []
    words += [f"--gain {g}" for g in gain or ()] + [f"--row {r}" for r in row or ()]
    trained = [f"--updates {updates}"] if updates != TRAINING else []
    words += [f"--device {device}"] if device != PRESET else []
    written = {}
    for key, study in chosen.items():
        own = [*words, *trained] if key == "cure" else words
        command = " ".join(["xbarsim study", key, f"--dataset {dataset} --chips {chips}", *own])
        part = replace(plan, rows=study.about(rows), conditions=list(study.conditions))
        files = _Written(folder, command)
        written[key] = _write(key, study.title, part, found, files, show=not json)
    if json:
        print_json(written)


def _stem(device: str) -> str:
    """Return a device's name without folder and ending."""
    return Path(device).stem


def _measured(plan: "StudyPlan", data: "Dataset", folder: Path, name: str) -> "list[Measured]":
    """Run a plan behind a progress bar."""
    from xbarsim.progress import progress_bar
    from xbarsim.study import StudyStore, run_study

    store = StudyStore(folder / "measurements.jsonl")
    with progress_bar() as bar:
        task = bar.add_task(f"study {name}", total=plan.jobs())
        return list(run_study(plan, data, store, on_job=lambda *_: bar.advance(task)))


def _write(
    name: str,
    title: str,
    plan: "StudyPlan",
    found: "list[Measured]",
    files: _Written,
    *,
    show: bool,
) -> "list[dict[str, Any]]":
    """Write the table, its CSV and its figures, and return the table's lines."""
    from dataclasses import asdict

    from rich.markdown import Markdown

    from xbarsim.report.studies import study_figures
    from xbarsim.storage import whole_file, write_atomically
    from xbarsim.study import (
        as_csv,
        as_markdown,
        beyond_markdown,
        cure_lines,
        cure_markdown,
        rate_lines,
        step_lines,
        table_lines,
        untrained,
    )

    lines: Any = table_lines(plan.rows, plan.conditions, found)
    text = as_markdown(lines, title, files.command)
    if name in ("cure", "beyond"):
        lines = cure_lines(plan.rows, plan.conditions, found)
        text = cure_markdown(lines, title, files.command)
        if name == "beyond":
            text = beyond_markdown(plan.rows, found, title, files.command)
        text += untrained(plan.rows, found)
    write_atomically(files.folder / f"{name}.md", text)
    write_atomically(files.folder / f"{name}.csv", as_csv(lines))
    makers: dict[str, Any] = {"rates": rate_lines, "steps": step_lines}
    for kind in SERIES.get(name, ()):
        if shown := as_csv(makers[kind](plan.rows, plan.conditions, found)):
            write_atomically(files.folder / f"{name}-{kind}.csv", shown)
    for kind, figure in study_figures(name, plan, found).items():
        for ending, settings in (("svg", {"metadata": {"Date": None}}), ("png", {"dpi": 120})):
            with whole_file(files.folder / f"{name}-{kind}.{ending}") as stream:
                figure.savefig(stream, format=ending, **settings)
    if show:
        OUT.print(Markdown(text))
        OUT.print(f"wrote {files.folder / name}.md, .csv and figures")
    return [asdict(line) for line in lines]
