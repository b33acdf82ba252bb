"""This module is ``xbarsim netlist``: the full circuit of an array as a deck."""

from pathlib import Path
from typing import Annotated

import typer

from xbarsim.cli.arrays import Problem, takes_problem
from xbarsim.cli.output import ERR, JsonFlag, print_json


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
    dialect: Annotated[
        str, typer.Option(help="ngspice, ltspice, xyce or hspice; all but ngspice are untried.")
    ] = "ngspice",
    json: JsonFlag = False,
) -> None:
    """Write the full circuit of an array as a deck that plain ``ngspice -b`` runs.

    Decks for other simulators say the same circuit in their words. They are checked by rules of
    text only: none of these simulators was at hand.
    """
    from xbarsim.errors import ParameterError
    from xbarsim.interop.dialect import to_dialect
    from xbarsim.spice import write_netlist
    from xbarsim.spice.deck import deck_hash
    from xbarsim.spice.golden import refresh_golden
    from xbarsim.storage import write_atomically

    if golden is not None:
        stale = refresh_golden(golden, check=check)
        for path in stale:
            ERR.print(f"{'stale' if check else 'written'}: {path}", markup=False)
        if json:
            print_json({"stale" if check else "written": [str(path) for path in stale]})
        raise typer.Exit(1 if check and stale else 0)
    if check:
        msg = "--check compares the golden decks: say with --golden in which folder they are"
        raise ParameterError(msg)
    deck = to_dialect(write_netlist(problem.circuit(), problem.v_row), dialect)
    if out is not None:
        write_atomically(out, deck)
    if json:
        print_json({"deck": deck, "dialect": dialect, "sha256": deck_hash(deck)})
    elif out is None:
        typer.echo(deck, nl=False)
