"""This module is ``xbarsim schema``, ``matrix`` and ``raw``: files of editors and other tools."""

from pathlib import Path
from typing import Annotated

import typer

from xbarsim.cli.output import OUT, JsonFlag, print_json


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(schema)
    app.command()(matrix)
    app.command()(raw)


def schema(
    kind: Annotated[str, typer.Argument(help="Kind of file: device, case or recipe.")] = "device",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; stdout by default.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Print the JSON Schema of a TOML file, for completion and checks in an editor.

    Then let the first line of the TOML file say ``#:schema device.schema.json``.
    """
    from json import dumps

    from xbarsim.interop.schema import file_schema
    from xbarsim.storage import write_atomically

    found = file_schema(kind)
    if out is None:
        print_json(found)
        return
    write_atomically(out, dumps(found, indent=1, sort_keys=True) + "\n")
    if json:
        print_json({"written": str(out)})


def matrix(
    source: Annotated[Path, typer.Argument(help="Matrix: .csv, .npy or .mat.")],
    out: Annotated[Path, typer.Argument(help="File to write: .csv, .npy or .mat.")],
    variable: Annotated[
        str | None, typer.Option(help="Variable of a .mat file; needed where it holds several.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Convert a matrix of conductances or voltages between CSV, NumPy and MATLAB."""
    from xbarsim.interop.matrices import read_matrix, write_matrix

    found = read_matrix(source, variable)
    write_matrix(out, found, variable or "conductance")
    rows, cols = found.shape
    if json:
        print_json({"rows": rows, "cols": cols, "written": str(out)})
    else:
        OUT.print(f"{rows}x{cols}, {found.min():.4g} to {found.max():.4g}; wrote {out}")


def raw(
    source: Annotated[Path, typer.Argument(help="Raw file of ngspice, LTspice or Xyce.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Table to write: .csv or .parquet.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Read a SPICE raw file: list its vectors, or write them as a table."""
    from rich.markup import escape
    from rich.table import Table

    from xbarsim.interop.rawfile import read_raw_file
    from xbarsim.interop.tables import write_table

    found = read_raw_file(source)
    if out is not None:
        write_table(out, found)
    if json:
        print_json(found)
        return
    table = Table("vector", "points", "first", "last")
    for name, values in found.items():
        table.add_row(escape(name), str(len(values)), f"{values[0]:.6g}", f"{values[-1]:.6g}")
    OUT.print(table)
