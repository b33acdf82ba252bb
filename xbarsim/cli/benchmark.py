"""This module is ``xbarsim bench``: ratios against peers, measured in one run."""

from pathlib import Path
from typing import Annotated

import typer

from xbarsim.cli.output import OUT, JsonFlag, print_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(bench)


def bench(
    names: Annotated[
        list[str] | None, typer.Argument(help="Benchmarks to run; all by default.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for the results (JSON).")
    ] = None,
    quick: Annotated[bool, typer.Option(help="Fewer tiles and repetitions.")] = False,
    gate: Annotated[
        bool, typer.Option(help="Only the short form, in seconds; exit code 1 below half a bar.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Measure speed and accuracy against peers; ratios hold on a noisy machine, seconds do not."""
    if gate:
        _gate(json=json)
        return
    from rich.markup import escape
    from rich.table import Table

    from xbarsim.benchmarks import run_benchmarks
    from xbarsim.storage import writable_folder, write_atomically

    if out is not None:
        writable_folder(out)
    results = run_benchmarks(quick=quick, names=names or ())
    if out is not None:
        from json import dumps

        for name, result in results.items():
            write_atomically(out / f"{name}.json", dumps(result, indent=1, sort_keys=True) + "\n")
    if json:
        print_json(results)
        return
    table = Table("benchmark", "figure", "value", "bar")
    for name, result in results.items():
        for figure, (value, bar) in result["figures"].items():
            table.add_row(name, escape(figure), f"{value:.4g}", bar)
    OUT.print(table)


def _gate(*, json: bool) -> None:
    """Hold the short form to half the bars."""
    from rich.table import Table

    from xbarsim.benchmarks import run_gate

    judged = run_gate()
    if json:
        print_json([row._asdict() for row in judged])
    else:
        table = Table("figure", "value", "bar", "half of it")
        for row in judged:
            table.add_row(row.name, f"{row.value:.4g}", row.bar, "met" if row.met else "MISSED")
        OUT.print(table)
    if not all(row.met for row in judged):
        raise typer.Exit(1)
