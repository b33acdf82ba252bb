"""This module is ``xbarsim netlist`` and ``check``: decks written, and decks judged."""

from pathlib import Path
from typing import Annotated

import typer

from xbarsim.cli.arrays import Cols, Problem, Rows, Seed, read_problem, takes_problem
from xbarsim.cli.output import ERR, OUT, JsonFlag, print_json


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(netlist)
    app.command()(check)


@takes_problem
def netlist(
    problem: Problem,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; stdout by default.")
    ] = None,
    golden: Annotated[
        Path | None, typer.Option(help="Write the committed golden decks into this folder.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="With --golden: write nothing, exit 1 on a stale deck.")
    ] = False,
) -> None:
    """Write the full circuit of an array as a deck that plain ``ngspice -b`` runs."""
    from xbarsim.spice import write_netlist
    from xbarsim.spice.golden import refresh_golden
    from xbarsim.storage import write_atomically

    if golden is not None:
        stale = refresh_golden(golden, check=check)
        for path in stale:
            ERR.print(f"{'stale' if check else 'written'}: {path}", markup=False)
        raise typer.Exit(1 if check and stale else 0)
    deck = write_netlist(problem.circuit(), problem.v_row)
    if out is None:
        typer.echo(deck, nl=False)
    else:
        write_atomically(out, deck)


def check(
    source: Annotated[str, typer.Argument(help="Deck (.cir), parameter file (.toml) or preset.")],
    rows: Rows = 8,
    cols: Cols = 8,
    seed: Seed = 0,
    json: JsonFlag = False,
) -> None:
    """Check a deck, or the deck of an array with these parameters, against electrical rules.

    Ends with 1 when a finding is an error. Nothing is simulated.
    """
    from dataclasses import asdict

    from xbarsim.spice import check_deck, write_netlist
    from xbarsim.storage import read_text

    if Path(source).suffix == ".toml" or not Path(source).suffix:
        problem = read_problem(source, rows, cols, seed)
        deck = write_netlist(problem.circuit(), problem.v_row)
    else:
        deck = read_text(Path(source))
    findings = check_deck(deck)
    if json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            OUT.print(f"{finding.severity} ({finding.rule}): {finding.message}", markup=False)
        said = f"{len(findings)} findings" if findings else "no findings"
        OUT.print(f"{source}: {said}", markup=False)
    raise typer.Exit(1 if any(finding.severity == "error" for finding in findings) else 0)
