"""This module is ``xbarsim calibrate``: measured currents in, parameters with uncertainties out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xbarsim.cli.output import OUT, JsonFlag, print_json

if TYPE_CHECKING:
    from xbarsim.calibration import Calibration


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(calibrate)


def calibrate(
    measurements: Annotated[
        Path, typer.Argument(help="CSV with columns v_0,v_1,... [V] and i_0,i_1,... [A].")
    ],
    conductance: Annotated[
        Path, typer.Option(help="Programmed conductances [row, col] in S: .csv or .npy.")
    ],
    device: Annotated[
        str, typer.Option(help="Preset or TOML file whose wires are the first guess.")
    ] = "bhattacharjee2022",
    fit: Annotated[
        str, typer.Option(help="Parameters to fit, with commas; also g_scale and g_offset [S].")
    ] = "r_driver,r_wire_row,r_wire_col,r_sense",
    json: JsonFlag = False,
) -> None:
    """Fit resistances (and a scale of the conductances) to measured column currents."""
    from dataclasses import asdict
    from typing import Any, cast

    from xbarsim.calibration import calibrate as run_fit
    from xbarsim.calibration import read_measurements
    from xbarsim.cli.arrays import read_array
    from xbarsim.parameters import load_crossbar

    g = read_array(conductance)
    start = load_crossbar(device, rows=g.shape[0], cols=g.shape[1])
    names = cast("Any", tuple(name.strip() for name in fit.split(",")))
    found = run_fit(read_measurements(measurements), g, start, parameters=names)
    if json:
        print_json(
            {
                "estimates": [asdict(e) for e in found.estimates],
                "noise": found.noise,
                "identifiability": asdict(found.identifiability),
            }
        )
        return
    _print(found)


def _print(found: "Calibration") -> None:
    from rich.table import Table

    table = Table("parameter", "value", "standard error", "95 % interval (all at once)")
    for e in found.estimates:
        table.add_row(
            e.name, f"{e.value:.6g}", f"{e.deviation:.2g}", f"{e.low:.6g} to {e.high:.6g}"
        )
    OUT.print(table)
    OUT.print(f"relative deviation left: {found.noise:.2g}")
    judged = found.identifiability
    OUT.print(f"condition number of the sensitivities: {judged.condition:.3g}")
    for first, second, correlation in judged.confounded:
        OUT.print(f"cannot tell apart: {first} and {second} (correlation {correlation:.3f})")
    if judged.advice:
        OUT.print(f"to improve: {judged.advice}")
