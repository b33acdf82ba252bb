"""This module is ``xbarsim validate`` and ``xbarsim report``."""

from pathlib import Path
from typing import Annotated

import typer

from xbarsim.cli.output import OUT, JsonFlag, print_json


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(validate)
    app.command()(report)


def validate(
    case: Annotated[Path, typer.Argument(help="Case: a TOML file; three lines are enough.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Record to write (JSON).")] = None,
    json: JsonFlag = False,
) -> None:
    """Run a case's circuits in ngspice and judge the exact model by them."""
    from xbarsim.progress import progress_bar
    from xbarsim.storage import writable_folder
    from xbarsim.validation import load_case
    from xbarsim.validation import validate as run_validation

    loaded = load_case(case)
    if out is not None:
        writable_folder(out.parent)
    with progress_bar() as bar:
        task = bar.add_task(f"ngspice: {loaded.name}", total=loaded.circuits * len(loaded.sizes))
        record = run_validation(loaded, on_circuit=lambda *_: bar.advance(task))
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
    raise typer.Exit(0 if record.passed else 1)


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
