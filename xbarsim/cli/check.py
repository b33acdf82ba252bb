"""This module is ``xbarsim check``: electrical rules of a deck or of a parameter file."""

from pathlib import Path
from typing import Annotated

import typer

from xbarsim.cli.arrays import make_problem
from xbarsim.cli.output import OUT, JsonFlag, print_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(check)


def check(
    source: Annotated[str, typer.Argument(help="Deck (.cir), parameter file (.toml) or preset.")],
    rows: Annotated[int, typer.Option(help="Word lines of the array.")] = 8,
    cols: Annotated[int, typer.Option(help="Bit lines of the array.")] = 8,
    seed: Annotated[int, typer.Option(help="Seed of the drawn conductances.")] = 0,
    json: JsonFlag = False,
) -> None:
    """Check a deck, or the deck of an array with these parameters, against electrical rules.

    Ends with 1 when a finding is an error. Nothing is simulated.
    """
    from dataclasses import asdict

    from xbarsim.circuit import build_circuit, check_inputs
    from xbarsim.parameters import load_cell, load_topology
    from xbarsim.spice import check_deck, write_netlist
    from xbarsim.storage import read_text

    if Path(source).suffix == ".toml" or not Path(source).suffix:
        problem = make_problem(source, rows, cols, seed, 1, None, None)
        circuit = build_circuit(
            problem.conductance, problem.crossbar, topology=load_topology(source),
            cell=load_cell(source),
        )  # fmt: skip
        deck = write_netlist(circuit, check_inputs(problem.v_row, problem.crossbar.rows))
    else:
        deck = read_text(Path(source))
    findings = check_deck(deck)
    if json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            OUT.print(f"{finding.severity} ({finding.rule}): {finding.message}", markup=False)
        OUT.print(f"{source}: {len(findings)} findings" if findings else f"{source}: no findings")
    raise typer.Exit(1 if any(finding.severity == "error" for finding in findings) else 0)
