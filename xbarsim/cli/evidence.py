"""This module is ``xbarsim validate`` and ``xbarsim report``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xbarsim.cli.effort import Paranoid
from xbarsim.cli.output import ERR, OUT, JsonFlag, print_json

if TYPE_CHECKING:
    from xbarsim.validation import ValidationCase, ValidationRecord


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(validate)
    app.command()(report)


def validate(
    case: Annotated[
        str,
        typer.Argument(help="Case (TOML; three lines are enough), device file (TOML) or preset."),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Record to write; validation/records/NAME.json."),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="KEY=VALUE of the case, the device or the wires: budget=60 [s], "
            "'sizes=[[128, 128]]', r_wire_row=7 [Ω], g_max=1e-4 [S]; may be repeated.",
        ),
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(help="Committed record: run again, write nothing, exit 1 when it moved."),
    ] = None,
    worst: Annotated[
        Path | None, typer.Option(help="Deck to write: the circuit with the largest error.")
    ] = None,
    html: Annotated[
        bool, typer.Option("--report/--no-report", help="Write the report beside the record.")
    ] = True,
    paranoid: Paranoid = None,
    json: JsonFlag = False,
) -> None:
    """Run circuits in ngspice, fit and judge the fast models, and leave a record and a report.

    Says which fast model may be trusted, where, by how much it errs, and the SPICE behind it.
    """
    from xbarsim.storage import writable_folder, write_atomically
    from xbarsim.validation import drift, load_case, load_record
    from xbarsim.validation.decks import worst_deck
    from xbarsim.validation.find import LOCAL_RECORDS

    loaded = load_case(case, changes or ())
    path = out or LOCAL_RECORDS / f"{loaded.name}.json"
    if check is None:
        writable_folder(path.parent)
    committed = None if check is None else load_record(check)
    record = _run(loaded, committed, paranoid)
    if worst is not None:
        write_atomically(worst, worst_deck(record))
    if check is None:
        record.save(path)
        if html:
            report(path, path.with_suffix(".html"))
    if json:
        print_json(record.model_dump(mode="json"))
    else:
        _print(record)
    moved = [] if committed is None else drift(record, committed)
    for line in moved:
        ERR.print(f"moved: {line}", markup=False)
    raise typer.Exit(0 if record.passed and not moved else 1)


def _run(
    case: "ValidationCase", committed: "ValidationRecord | None", paranoid: float | None
) -> "ValidationRecord":
    """Validate with a bar; results of ngspice are kept, but not believed when checking."""
    from xbarsim.campaign import ResultStore
    from xbarsim.progress import progress_bar
    from xbarsim.storage import cache_folder
    from xbarsim.validation import validate as run_validation

    store = None if committed is not None else ResultStore(cache_folder("validation"))
    tiles = case.network_tiles if case.network else 0
    total = (case.circuits + tiles) * len(case.sizes)
    with progress_bar() as bar:
        task = bar.add_task(f"ngspice: {case.name}"[:34], total=total)
        record = run_validation(
            case, on_circuit=lambda *_: bar.advance(task), store=store, again=committed,
            paranoid=paranoid,
        )  # fmt: skip
        bar.update(task, total=record.n_circuits)
    return record


def _print(record: "ValidationRecord") -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(f"{record.case}: errors in % of each circuit's largest current"))
    for name in ("model", "largest", "99 %", "rms", "outputs", "allowed", "verdict"):
        table.add_column(name, justify="left" if name == "model" else "right")
    for m in record.models:
        shown = [f"{100 * m.errors[k]:.2g}" for k in ("max_error", "p99_error", "nrmse")]
        verdict = "may be trusted" if m.passed else "no"
        table.add_row(m.name, *shown, str(m.n_outputs), f"{100 * m.tolerance:.2g}", verdict)
    OUT.print(table)
    first = record.primary
    OUT.print(
        f"{record.case}: {'passed' if record.passed else 'DID NOT PASS'}: {first.name} errs by "
        f"{first.errors['max_error']:.2e} of full scale, allowed {first.tolerance:.0e}, "
        f"{record.n_outputs} outputs of {record.n_circuits} circuits, {record.reference}; ended by "
        f"{record.ended_by}",
        markup=False,
    )


def report(
    record: Annotated[Path, typer.Argument(help="Record (JSON) written by validate or demo.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="HTML file to write.")] = Path(
        "report.html"
    ),
    json: JsonFlag = False,
) -> None:
    """Turn a validation record into one self-contained HTML file."""
    from xbarsim.report.html import Report, write_report
    from xbarsim.validation import load_record

    loaded = load_record(record)
    write_report(Report(title=f"Validation of {loaded.case}", record=loaded), out)
    if json:
        print_json({"report": str(out.resolve()), "passed": loaded.passed})
    else:
        ERR.print(f"report: {out.resolve()}", soft_wrap=True, markup=False)
