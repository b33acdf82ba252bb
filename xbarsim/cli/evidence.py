"""This module is ``xbarsim validate`` and ``xbarsim report``."""

from pathlib import Path
from typing import Annotated

import typer

from xbarsim.cli.output import ERR, OUT, JsonFlag, print_json


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(validate)
    app.command()(report)


def validate(
    case: Annotated[Path, typer.Argument(help="Case: a TOML file; three lines are enough.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Record to write (JSON).")] = None,
    check: Annotated[
        Path | None, typer.Option(help="Committed record: run again, exit 1 when anything moved.")
    ] = None,
    worst: Annotated[
        Path | None, typer.Option(help="Deck to write: the circuit with the largest error.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Run a case's circuits in ngspice and judge the exact model by them."""
    from xbarsim.progress import progress_bar
    from xbarsim.storage import writable_folder, write_atomically
    from xbarsim.validation import load_case, load_record
    from xbarsim.validation import validate as run_validation
    from xbarsim.validation.circuits import circuit_deck

    loaded = load_case(case)
    if out is not None:
        writable_folder(out.parent)
    committed = None if check is None else load_record(check)
    with progress_bar() as bar:
        task = bar.add_task(f"ngspice: {loaded.name}", total=loaded.circuits * len(loaded.sizes))
        record = run_validation(loaded, on_circuit=lambda *_: bar.advance(task))
    if worst is not None:
        write_atomically(worst, circuit_deck(loaded, record.worst.name))
    if out is not None:
        record.save(out)
    if json:
        print_json(record.model_dump(mode="json"))
    else:
        OUT.print(
            f"{record.case}: {'passed' if record.passed else 'DID NOT PASS'}: max error "
            f"{record.errors['max_error']:.2e} of full scale, allowed {record.tolerance:.0e}, "
            f"{record.n_outputs} outputs of {record.n_circuits} circuits, {record.reference}"
        )
    moved = [] if committed is None else record.drift(committed)
    for line in moved:
        ERR.print(f"moved: {line}", markup=False)
    raise typer.Exit(0 if record.passed and not moved else 1)


def report(
    record: Annotated[Path, typer.Argument(help="Record (JSON) written by validate or demo.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="HTML file to write.")] = Path(
        "report.html"
    ),
) -> None:
    """Turn a validation record into one self-contained HTML file."""
    from xbarsim.report.html import Report, write_report
    from xbarsim.validation import load_record

    loaded = load_record(record)
    write_report(Report(title=f"Validation of {loaded.case}", record=loaded), out)
    OUT.print(f"report: {out.resolve()}", soft_wrap=True)
