"""This module is ``xbarsim campaign``: many circuits in ngspice, each once, into one table."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xbarsim.cli.arrays import DEFAULT_DEVICE, Cols, Rows, Seed, Vectors
from xbarsim.cli.effort import Force, Memory, Paranoid, Timeout, run_limits
from xbarsim.cli.output import OUT, JsonFlag, print_json

if TYPE_CHECKING:
    from xbarsim.campaign import JoinedCases


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(campaign)


def campaign(
    devices: Annotated[
        list[str] | None, typer.Argument(help="Presets or TOML files: one set of cases each.")
    ] = None,
    *,
    rows: Rows = 32,
    cols: Cols = 32,
    seed: Seed = 0,
    vectors: Vectors = 20,
    cases: Annotated[int, typer.Option(help="Circuits drawn of each device.", min=1)] = 100,
    workers: Annotated[int, typer.Option(help="Processes, one ngspice each.", min=1)] = 2,
    scheduler: Annotated[
        str | None, typer.Option(help="Dask scheduler whose workers run it: tcp://host:8786.")
    ] = None,
    resume: Annotated[bool, typer.Option(help="Use kept results, or run all cases anew.")] = True,
    store: Annotated[
        Path | None, typer.Option(help="Folder of kept results; the user's cache by default.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Table to write: .parquet or .npz.")
    ] = None,
    timeout: Timeout = None,
    memory: Memory = None,
    force: Force = False,
    paranoid: Paranoid = None,
    json: JsonFlag = False,
) -> None:
    """Run many drawn circuits in ngspice; what was run before, or before a kill, is not run again."""
    from xbarsim.campaign import ResultStore, run_campaign
    from xbarsim.campaign.table import check_table_path
    from xbarsim.storage import cache_folder, writable_folder

    every = _drawn(devices or [DEFAULT_DEVICE], (rows, cols), cases, vectors, seed)
    if out is not None:
        check_table_path(out)
        writable_folder(out.parent)
    kept = ResultStore(writable_folder(store) if store else cache_folder("campaigns"))
    result = run_campaign(
        every, kept, workers=workers, scheduler=scheduler, resume=resume,
        limits=run_limits(timeout, memory), force=force, paranoid=paranoid,
    )  # fmt: skip
    if out is not None:
        result.save(out)
    if json:
        print_json({"cases": len(every), "computed": result.computed, "store": str(kept.folder)})
        return
    said = f"{len(every)} cases, {result.computed} of them run now; kept in {kept.folder}"
    OUT.print(said, markup=False)


def _drawn(
    devices: list[str], shape: tuple[int, int], cases: int, vectors: int, seed: int
) -> "JoinedCases":
    """Return cases of every device."""
    from xbarsim.campaign import JoinedCases, drawn_cases
    from xbarsim.parameters import load_cell, load_crossbar, load_device, load_topology

    return JoinedCases(tuple(
        drawn_cases(
            load_device(device), load_crossbar(device, rows=shape[0], cols=shape[1]), cases=cases,
            vectors=vectors, seed=seed, topology=load_topology(device), cell=load_cell(device),
        )
        for device in devices
    ))  # fmt: skip
