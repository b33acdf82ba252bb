"""This module is ``xbarsim netlist``: the full circuit of an array as a deck."""

from pathlib import Path
from typing import Annotated

import typer

from xbarsim.cli.arrays import Problem, takes_problem
from xbarsim.cli.output import ERR


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(netlist)


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
