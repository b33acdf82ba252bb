"""This module is ``xbarsim calibrate``: measurements in, parameters with uncertainties out."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from xbarsim.cli.arrays import Array
from xbarsim.cli.output import ERR, OUT, JsonFlag, print_json

if TYPE_CHECKING:
    from xbarsim.calibration import CellCalibration, Estimate
    from xbarsim.calibration.identify import Identifiability

_CELLS = "cells"
_USUAL_STEPS = 8


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(calibrate)


def calibrate(
    measurements: Annotated[
        Path,
        typer.Argument(
            help="CSV: v_0,v_1,... [V] and column currents i_0,i_1,... [A]; or I-V curves of single "
            "cells, v [V] and i_0,i_1,... [A]."
        ),
    ],
    conductance: Annotated[
        Path | None,
        typer.Option(
            help="Programmed conductances in S, [row, col] or one a curve: .csv, .npy or .mat."
        ),
    ] = None,
    device: Annotated[
        str, typer.Option(help="Preset or TOML file: wires as the first guess, law of the cells.")
    ] = "bhattacharjee2022",
    fit: Annotated[
        str,
        typer.Option(
            help="With commas: r_driver, r_wire_row, r_wire_col, r_sense [Ω], g_scale, g_offset [S], "
            "v0 [V] of sinh cells; or cells: each one's conductance, all resistances known."
        ),
    ] = "r_driver,r_wire_row,r_wire_col,r_sense",
    series: Annotated[
        float, typer.Option(help="Resistance in series with a cell's curve [Ω].", min=0.0)
    ] = 0.0,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="CSV of cells: value, standard error [S].")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Fit parameters of an array, or of single cells, to measurements; say what cannot be told.

    Column currents give resistances (along rows and along columns apart), a scale and offset of the
    conductances, V0 of sinh cells, or every cell's conductance. I-V curves give V0 and the
    conductance of each cell, and with --conductance their scale and offset.
    """
    from xbarsim.calibration import holds_curves

    if holds_curves(measurements):
        _curves(measurements, conductance, series, out, json=json)
    elif fit.strip() == _CELLS:
        _cells(measurements, device, out, json=json)
    else:
        _array(measurements, conductance, device, fit, json=json)


def _array(path: Path, conductance: Path | None, device: str, fit: str, *, json: bool) -> None:
    from xbarsim.calibration import calibrate as run_fit
    from xbarsim.calibration import read_measurements
    from xbarsim.errors import ParameterError
    from xbarsim.interop.matrices import read_matrix
    from xbarsim.parameters import load_cell, load_crossbar
    from xbarsim.progress import progress_bar

    if conductance is None:
        msg = "column currents need --conductance: what the cells were programmed to [S]"
        raise ParameterError(msg)
    g, data = read_matrix(conductance), read_measurements(path)
    start = load_crossbar(device, rows=g.shape[0], cols=g.shape[1])
    names = cast("Any", tuple(name.strip() for name in fit.split(",")))
    with progress_bar() as bar:
        task = bar.add_task("steps of the fit", total=_USUAL_STEPS)
        found = run_fit(
            data, g, start, parameters=names, cell=load_cell(device),
            on_step=lambda: bar.advance(task),
        )  # fmt: skip
        bar.update(task, total=bar.tasks[0].completed)
    _report(found.estimates, found.noise, found.identifiability, json=json)


def _curves(
    path: Path, conductance: Path | None, series: float, out: Path | None, *, json: bool
) -> None:
    from xbarsim.calibration import calibrate_curves, read_curves
    from xbarsim.interop.matrices import read_matrix

    programmed = None if conductance is None else read_matrix(conductance).ravel()
    found = calibrate_curves(read_curves(path), programmed=programmed, series=series)
    line = [e for e in (found.scale, found.offset) if e is not None]
    if out is not None:
        _write_cells(out, ((k, 0, e.value, e.deviation) for k, e in enumerate(found.conductances)))
    extra = {"variation": found.variation}
    each = found.conductances if out is None else ()
    _report((found.v0, *line, *each), found.noise, found.identifiability, json=json, extra=extra)
    if found.variation is not None and not json:
        OUT.print(f"scatter of the cells about scale and offset: {found.variation:.2%}")


def _cells(path: Path, device: str, out: Path | None, *, json: bool) -> None:
    from xbarsim.calibration import calibrate_cells, read_measurements
    from xbarsim.errors import ParameterError
    from xbarsim.parameters import LinearCell, load_cell, load_crossbar
    from xbarsim.progress import progress_bar

    if load_cell(device) != LinearCell():
        msg = f"--fit cells needs linear cells, those of {device} are not; measure their I-V curves"
        raise ParameterError(msg)
    data, draws = read_measurements(path), 60
    rows, cols = data.v_row.shape[1], data.i_col.shape[1]
    with progress_bar() as bar:
        task = bar.add_task("inversions", total=draws + 1)
        found = calibrate_cells(
            data, load_crossbar(device, rows=rows, cols=cols), draws=draws,
            on_step=lambda: bar.advance(task),
        )  # fmt: skip
    if out is not None:
        _write_cells(
            out,
            (
                (i, j, found.conductance[i, j], found.deviation[i, j])
                for i in range(rows)
                for j in range(cols)
            ),
        )
    _print_cells(found, out, json=json)


def _print_cells(found: "CellCalibration", out: Path | None, *, json: bool) -> None:
    if json:
        print_json(
            {"conductance": found.conductance, "deviation": found.deviation, "noise": found.noise,
             "condition": found.condition}
        )  # fmt: skip
        return
    g: Array = found.conductance
    OUT.print(
        f"{g.shape[0]}x{g.shape[1]} cells, {g.min():.4g} to {g.max():.4g} S; standard error "
        f"{found.deviation.mean():.2g} S on average, {found.deviation.max():.2g} S at worst"
    )
    OUT.print(f"relative deviation left: {found.noise:.2g}")
    OUT.print(f"condition number of the inputs: {found.condition:.3g}")
    if out is None:
        OUT.print("--out FILE.csv writes every cell")


def _write_cells(out: Path, lines: Iterable[tuple[int, int, float, float]]) -> None:
    from xbarsim.storage import write_atomically

    text = [f"{i},{j},{float(value)!r},{float(dev)!r}" for i, j, value, dev in lines]
    write_atomically(out, "\n".join(["row,col,conductance [S],deviation [S]", *text]) + "\n")
    ERR.print(f"written: {out}", soft_wrap=True)


def _report(
    estimates: "tuple[Estimate, ...]",
    noise: float,
    judged: "Identifiability",
    *,
    json: bool,
    extra: dict[str, Any] | None = None,
) -> None:
    from dataclasses import asdict

    from rich.table import Table

    if json:
        print_json(
            {"estimates": [asdict(e) for e in estimates], "noise": noise,
             "identifiability": asdict(judged), **(extra or {})}
        )  # fmt: skip
        return
    table = Table("parameter", "value", "standard error", "95 % interval (all at once)")
    for e in estimates:
        table.add_row(
            e.name, f"{e.value:.6g}", f"{e.deviation:.2g}", f"{e.low:.6g} to {e.high:.6g}"
        )
    OUT.print(table)
    OUT.print(f"relative deviation left: {noise:.2g}")
    OUT.print(f"condition number of the sensitivities: {judged.condition:.3g}")
    for first, second, correlation in judged.confounded:
        OUT.print(f"cannot tell apart: {first} and {second} (correlation {correlation:.3f})")
    for name in judged.vague:
        OUT.print(f"vague: the standard error of {name} is more than a tenth of its value")
    if judged.advice:
        OUT.print(f"to improve: {judged.advice}", markup=False)
