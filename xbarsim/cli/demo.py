"""This module is ``xbarsim demo``: the whole line on real input."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xbarsim.cli.output import OUT, JsonFlag, print_json

if TYPE_CHECKING:
    from xbarsim.demo import DemoResult


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    out: Annotated[Path, typer.Option(help="Folder for report.html and record.json.")] = Path(
        "xbarsim-report"
    ),
    quick: Annotated[bool, typer.Option(help="One chip, one tile size, fewer circuits.")] = False,
    json: JsonFlag = False,
) -> None:
    """Run the main job: parameters, ngspice, fast model, mapping, accuracy over time-steps."""
    from xbarsim.demo import DemoSettings, run_demo

    result = run_demo(out, DemoSettings.quick() if quick else DemoSettings())
    record = result.record
    if json:
        print_json(result.summary())
    else:
        _print_table(result)
    raise typer.Exit(0 if record.passed else 1)


def _print_table(result: "DemoResult") -> None:
    from rich.table import Table

    table = Table(title="Accuracy on crossbars [%]")
    for name in ("network", "steps", "tile", "gain", "software", "hardware", "relative drop"):
        table.add_column(name, justify="left" if name in ("network", "gain") else "right")
    for row in result.rows:
        last = 100 * row.final
        table.add_row(
            row.method, str(row.steps or "-"), f"{row.tile[0]}x{row.tile[1]}", row.gain,
            f"{100 * row.software[-1]:.1f}", f"{last.mean():.1f} ({last.min():.1f}-{last.max():.1f})",
            f"{100 * row.relative_drop.mean():.1f}",
        )  # fmt: skip
    OUT.print(table)
    record = result.record
    OUT.print(
        f"exact model against {record.reference}: {record.errors['max_error']:.1e} of full scale on "
        f"{record.n_outputs} outputs of {record.n_circuits} circuits (allowed "
        f"{record.tolerance:.0e}): {'passed' if record.passed else 'DID NOT PASS'}"
    )
    OUT.print(
        f"against the sparse oracle: float64 {result.oracles.float64:.1e}, "
        f"float32 {result.oracles.float32:.1e}"
    )
    OUT.print(f"report: {result.report.resolve()}", soft_wrap=True)
