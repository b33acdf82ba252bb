"""This module is ``xbarsim doctor``: what this machine has, what it lacks, and how to get it."""

import typer

from xbarsim.cli.output import OUT, JsonFlag, print_json

_COLOURS = {"ok": "green", "slow": "yellow", "optional": "dim", "missing": "bold red"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(doctor)


def doctor(json: JsonFlag = False) -> None:
    """Say what is installed, which ngspice and solver, GPU and speed, and how to get what is missing.

    Works without ngspice. Ends with 2 when something is missing that xbarsim cannot do without.
    """
    from dataclasses import asdict

    from rich.markup import escape
    from rich.table import Table

    from xbarsim import __version__
    from xbarsim.doctor import examine

    findings = examine()
    missing = [finding for finding in findings if finding.state == "missing"]
    if json:
        found = [asdict(finding) for finding in findings]
        print_json({"version": __version__, "ready": not missing, "findings": found})
    else:
        table = Table("", "state", "found", title=f"xbarsim {__version__}", title_justify="left")
        for f in findings:
            table.add_row(f.what, f"[{_COLOURS[f.state]}]{f.state}[/]", escape(f.found))
        OUT.print(table)
        for f in findings:
            if f.advice:
                OUT.print(f"{f.what}: {f.advice}", markup=False, soft_wrap=True)
        OUT.print("ready" if not missing else "NOT READY: see what is missing", markup=False)
    raise typer.Exit(2 if missing else 0)
