"""This module is ``xbarsim check``: electrical rules, then a designer's questions about an array."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xbarsim.cli.arrays import read_problem
from xbarsim.cli.output import ERR, OUT, JsonFlag, print_json

if TYPE_CHECKING:
    from xbarsim.design import DesignAnswers
    from xbarsim.spice import Finding


_WIDE = 150
"""Characters from which tables are shown whole."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(check)


def check(
    source: Annotated[str, typer.Argument(help="Deck (.cir), parameter file (.toml) or preset.")],
    rows: Annotated[int, typer.Option(help="Word lines of the array.", min=1)] = 64,
    cols: Annotated[int, typer.Option(help="Bit lines of the array.", min=1)] = 64,
    budget: Annotated[
        str, typer.Option(help="Largest error of a column, of full scale: 1% or 0.01.")
    ] = "1%",
    seed: Annotated[int, typer.Option(help="Seed of drawn cells and inputs.", min=0)] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for Markdown, CSV, figures, decks.")
    ] = None,
    rules_only: Annotated[
        bool, typer.Option("--rules-only", help="Stop after the electrical rules.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Check electrical rules; of an array's parameters also answer what a designer asks.

    Which of the four resistances [Ω] costs most? How large may a tile be, how resistive its wires,
    how low R_MIN [Ω] and the ON/OFF ratio, within the budget? Are cells linear at V_read [V], may
    silent rows float, do bit lines settle [s], is float32 enough? Where do power [W] and energy [J]
    go? A deck is checked against rules only. Ends with 1 when a finding is an error.
    """
    from dataclasses import asdict

    from xbarsim.storage import writable_folder

    share = _share(budget)
    if out is not None:
        writable_folder(out)
    is_array = Path(source).suffix == ".toml" or not Path(source).suffix
    findings = _rules(source, rows, cols, seed, is_array=is_array)
    broken = any(finding.severity == "error" for finding in findings)
    if not json:
        for finding in findings:
            OUT.print(f"{finding.severity} ({finding.rule}): {finding.message}", markup=False)
        OUT.print(f"{source}: {len(findings) or 'no'} findings", markup=False)
    answers = None
    if is_array and not broken and not rules_only:
        answers = _ask(source, rows, cols, share, seed)
        if out is not None:
            _write(answers, out)
    if json:
        found: dict[str, Any] = {"findings": [asdict(finding) for finding in findings]}
        print_json(found if answers is None else {**found, **_plain(answers)})
    elif answers is not None:
        _print(answers)
    raise typer.Exit(1 if broken else 0)


def _share(budget: str) -> float:
    """Return a share of full scale given as ``1%`` or ``0.01``."""
    from xbarsim.errors import ParameterError

    try:
        text = budget.strip()
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 < share < 1:
        msg = f"the budget is {budget!r}: give a share of full scale between 0 and 1, such as 1%"
        raise ParameterError(msg)
    return share


def _rules(source: str, rows: int, cols: int, seed: int, *, is_array: bool) -> "list[Finding]":
    """Return what the electrical rules find in a deck, or in the deck of an array."""
    from xbarsim.spice import check_deck, write_netlist
    from xbarsim.storage import read_text

    if not is_array:
        return list(check_deck(read_text(Path(source))))
    problem = read_problem(source, rows, cols, seed)
    return list(check_deck(write_netlist(problem.circuit(), problem.v_row)))


def _ask(source: str, rows: int, cols: int, budget: float, seed: int) -> "DesignAnswers":
    """Answer everything, with a bar."""
    from xbarsim.design import answer, count_steps, load_design
    from xbarsim.progress import progress_bar

    design = load_design(source, rows=rows, cols=cols)
    with progress_bar() as bar:
        task = bar.add_task("questions", total=count_steps(design))
        found = answer(
            design, budget, seed=seed,
            on_step=lambda what: bar.update(task, advance=1, description=what),
        )  # fmt: skip
        bar.update(task, completed=bar.tasks[0].total)
    return found


def _write(answers: "DesignAnswers", out: Path) -> None:
    from xbarsim.report.design_folder import write_answers

    path = write_answers(answers, out)
    ERR.print(f"written: {path}, with data, figures and {len(answers.decks)} decks", soft_wrap=True)


def _print(answers: "DesignAnswers") -> None:
    from rich.markup import escape
    from rich.table import Table

    from xbarsim.design.tables import answer_tables

    for whole in answer_tables(answers):
        found = whole if OUT.width >= _WIDE else whole.narrow()
        OUT.print(f"\n[bold]{escape(found.title)}[/]")
        if found.rows:
            table = Table(*map(escape, found.header))
            for row in found.shown:
                table.add_row(*map(escape, row))
            OUT.print(table)
        OUT.print(found.note, markup=False)
    names = ", ".join(deck.name for deck in answers.decks)
    OUT.print(f"\nDecks (--out writes them): {names}", markup=False)


def _plain(answers: "DesignAnswers") -> dict[str, Any]:
    """Return every table and map as lists of objects, values unrounded."""
    from xbarsim.design.tables import answer_tables, map_table

    tables = (*answer_tables(answers), *map(map_table, answers.maps))
    return {
        "budget": answers.budget,
        "method": answers.design.method_in_words,
        **{
            table.name: [
                dict(zip([c.name for c in table.columns], row, strict=True)) for row in table.rows
            ]
            for table in tables
        },
    }
