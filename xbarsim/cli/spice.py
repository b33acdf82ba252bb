"""This module is ``xbarsim netlist``, ``spice``, ``transient``: decks and their runs."""

from pathlib import Path
from typing import Annotated

import typer

from xbarsim.cli.arrays import Array, make_problem
from xbarsim.cli.output import ERR, OUT, JsonFlag, print_json

Device = Annotated[
    str,
    typer.Argument(
        help="Preset, or TOML file: [device], and maybe [crossbar], [topology], [cell], [transient]."
    ),
]
Rows = Annotated[int, typer.Option(help="Word lines, when conductances are drawn.")]
Cols = Annotated[int, typer.Option(help="Bit lines, when conductances are drawn.")]
Seed = Annotated[int, typer.Option(help="Seed of drawn conductances and inputs.")]
Vectors = Annotated[int, typer.Option(help="Number of drawn input vectors.")]
Conductance = Annotated[
    Path | None, typer.Option(help="Conductances [row, col] in S: .csv or .npy.")
]
Inputs = Annotated[Path | None, typer.Option(help="Input vectors [batch, row] in V: .csv or .npy.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(netlist)
    app.command()(spice)
    app.command()(transient)
    app.command()(campaign)


def netlist(
    device: Device = "bhattacharjee2022",
    rows: Rows = 8,
    cols: Cols = 8,
    seed: Seed = 0,
    vectors: Vectors = 1,
    conductance: Conductance = None,
    inputs: Inputs = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; stdout by default.")
    ] = None,
    golden: Annotated[
        Path | None, typer.Option(help="Write the committed golden decks into this folder.")
    ] = None,
    check: Annotated[
        bool, typer.Option(help="With --golden: write nothing, exit 1 when a deck is stale.")
    ] = False,
) -> None:
    """Write the full circuit of an array as a deck that plain ``ngspice -b`` runs."""
    from xbarsim.circuit import build_circuit, check_inputs
    from xbarsim.parameters import load_cell, load_topology
    from xbarsim.spice import write_netlist
    from xbarsim.spice.golden import refresh_golden
    from xbarsim.storage import write_atomically

    if golden is not None:
        stale = refresh_golden(golden, check=check)
        for path in stale:
            ERR.print(f"{'stale' if check else 'written'}: {path}")
        raise typer.Exit(1 if check and stale else 0)
    problem = make_problem(device, rows, cols, seed, vectors, conductance, inputs)
    circuit = build_circuit(
        problem.conductance,
        problem.crossbar,
        topology=load_topology(device),
        cell=load_cell(device),
    )
    deck = write_netlist(circuit, check_inputs(problem.v_row, problem.crossbar.rows))
    if out is None:
        typer.echo(deck, nl=False)
    else:
        write_atomically(out, deck)


def spice(
    device: Device = "bhattacharjee2022",
    rows: Rows = 8,
    cols: Cols = 8,
    seed: Seed = 0,
    vectors: Vectors = 1,
    conductance: Conductance = None,
    inputs: Inputs = None,
    engine: Annotated[str, typer.Option(help="auto, pyspice (shared library) or batch.")] = "auto",
    json: JsonFlag = False,
) -> None:
    """Run an array in ngspice, and print its column currents beside the exact fast model's."""
    from typing import cast, get_args

    from xbarsim.errors import ParameterError
    from xbarsim.fast import effective_conductance
    from xbarsim.parameters import LinearCell, TopologyParams, load_cell, load_topology
    from xbarsim.spice import Engine, spice_currents

    if engine not in get_args(Engine):
        msg = f"engine is {engine!r}; choose auto, pyspice or batch"
        raise ParameterError(msg)
    problem = make_problem(device, rows, cols, seed, vectors, conductance, inputs)
    cell, topology = load_cell(device), load_topology(device)
    found = spice_currents(
        problem.conductance, problem.v_row, problem.crossbar, engine=cast("Engine", engine),
        topology=topology, cell=cell,
    )  # fmt: skip
    # The fast model is of the plain, linear array; beside anything else it would mislead.
    model = None
    if cell == LinearCell() and topology == TopologyParams():
        model = found.v_row @ effective_conductance(problem.conductance, problem.crossbar)
    if json:
        print_json(
            {"i_col": found.i_col, "fast": model, "solver": found.provenance.solver,
             "method": found.provenance.method, "deck_sha256": found.provenance.deck_sha256}
        )  # fmt: skip
        return
    _print_currents(found.i_col, model)
    said = found.provenance
    OUT.print(f"{said.solver}, {said.method}, {said.seconds:.2f} s", markup=False)


def _print_currents(i_col: Array, model: Array | None) -> None:
    """Print currents, [batch, col] in A, with the fast model's beside them where there is one."""
    from rich.table import Table

    beside = () if model is None else ("fast model [A]", "difference / full scale")
    table = Table("vector", "column", "ngspice [A]", *beside)
    scale = abs(i_col).max() or 1.0
    for b, line in enumerate(i_col):
        for j, a in enumerate(line):
            m = None if model is None else model[b, j]
            more = () if m is None else (f"{m:.9e}", f"{(m - a) / scale:.1e}")
            table.add_row(str(b), str(j), f"{a:.9e}", *more)
    OUT.print(table)


def transient(
    device: Device = "bhattacharjee2022",
    rows: Rows = 8,
    cols: Cols = 8,
    seed: Seed = 0,
    steps: Annotated[int, typer.Option(help="Steps of a drawn spike train.", min=1)] = 4,
    conductance: Conductance = None,
    inputs: Annotated[
        Path | None, typer.Option(help="Spike train [time, row], pulse heights in V: .csv or .npy.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Run a spike train in time and statically: does the bit line settle within a pulse?"""
    import numpy as np

    from xbarsim.parameters import load_cell, load_device, load_topology, load_transient
    from xbarsim.spice import spice_transient

    problem = make_problem(device, rows, cols, seed, steps, conductance, inputs)
    train = problem.v_row
    if inputs is None:
        half = load_device(device).v_read / 2
        train = np.where(train > half, 2 * half, 0.0)
    found = spice_transient(
        problem.conductance, train, problem.crossbar, load_transient(device),
        topology=load_topology(device), cell=load_cell(device),
    )  # fmt: skip
    if json:
        print_json(
            {"charge": found.charge, "charge_static": found.charge_static,
             "i_sample": found.i_sample, "i_static": found.i_static,
             "charge_difference": found.charge_difference,
             "sample_difference": found.sample_difference, "method": found.provenance.method}
        )  # fmt: skip
        return
    OUT.print(f"{found.provenance.solver}, {found.provenance.method}", markup=False)
    OUT.print(f"charge per step differs from static by up to {found.charge_difference:.2e}")
    OUT.print(f"sampled current differs from static by up to {found.sample_difference:.2e}")


def campaign(
    device: Device = "bhattacharjee2022",
    rows: Rows = 32,
    cols: Cols = 32,
    seed: Seed = 0,
    vectors: Vectors = 20,
    cases: Annotated[int, typer.Option(help="Number of drawn circuits.", min=1)] = 100,
    workers: Annotated[int, typer.Option(help="Processes, one ngspice each.", min=1)] = 2,
    store: Annotated[
        Path | None, typer.Option(help="Folder of kept results; the user's cache by default.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Table to write (.npz), read with numpy.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Run many drawn circuits in ngspice; what was run before, or before a kill, is not run again."""
    from xbarsim.campaign import ResultStore, drawn_cases, run_campaign
    from xbarsim.parameters import load_cell, load_crossbar, load_device, load_topology
    from xbarsim.storage import cache_folder

    drawn = drawn_cases(
        load_device(device), load_crossbar(device, rows=rows, cols=cols), cases=cases,
        vectors=vectors, seed=seed, topology=load_topology(device), cell=load_cell(device),
    )  # fmt: skip
    kept = ResultStore(store or cache_folder("campaigns"))
    result = run_campaign(drawn, kept, workers=workers)
    if out is not None:
        result.save(out)
    if json:
        print_json({"cases": cases, "computed": result.computed, "store": str(kept.folder)})
        return
    OUT.print(f"{cases} cases, {result.computed} of them run now; kept in {kept.folder}")
