"""This module is ``xbarsim spice`` and ``transient``: single arrays in ngspice."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xbarsim.cli.arrays import Array, Problem, takes_problem
from xbarsim.cli.effort import Force, Memory, Timeout, run_limits
from xbarsim.cli.output import OUT, JsonFlag, print_json

if TYPE_CHECKING:
    from xbarsim.parameters import TransientParams


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(spice)
    app.command()(transient)


@takes_problem
def spice(
    problem: Problem,
    engine: Annotated[str, typer.Option(help="auto, pyspice (shared library) or batch.")] = "auto",
    method: Annotated[
        str, typer.Option(help="auto, sweep, or transfer (superposition of unit vectors).")
    ] = "auto",
    timeout: Timeout = None,
    memory: Memory = None,
    force: Force = False,
    table: Annotated[
        Path | None, typer.Option(help="Column currents to write: .csv or .parquet.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Run an array in ngspice, and print its column currents beside the exact fast model's."""
    from typing import cast

    from xbarsim.fast import effective_conductance
    from xbarsim.parameters import LinearCell, TopologyParams
    from xbarsim.spice import Engine, Method, spice_currents

    _refuse_unknown("engine", engine, Engine)
    _refuse_unknown("method", method, Method)
    problem.refuse_broken()
    found = spice_currents(
        problem.conductance, problem.v_row, problem.crossbar, engine=cast("Engine", engine),
        method=cast("Method", method), topology=problem.topology, cell=problem.cell,
        limits=run_limits(timeout, memory), force=force, **problem.wires,
    )  # fmt: skip
    # The fast model is of the plain, linear array; beside anything else it would mislead.
    model = None
    if (problem.cell, problem.topology, problem.wires) == (LinearCell(), TopologyParams(), {}):
        model = found.v_row @ effective_conductance(problem.conductance, problem.crossbar)
    said = found.provenance
    if table is not None:
        _write_currents(table, found.i_col, model)
    if json:
        print_json(
            {"i_col": found.i_col, "i_diff": found.i_diff, "fast": model, "solver": said.solver,
             "method": said.method, "deck_sha256": said.deck_sha256}
        )  # fmt: skip
        return
    _print_currents(found.i_col, model)
    if found.i_diff is not None:
        _print_currents(found.i_diff, None, what="pair")
    OUT.print(f"{said.solver}, {said.method}, {said.seconds:.2f} s", markup=False)


def _refuse_unknown(option: str, value: str, known: object) -> None:
    from typing import get_args

    from xbarsim.errors import ParameterError, did_you_mean

    if value not in get_args(known):
        hint = did_you_mean(value, get_args(known))
        msg = f"{option} is {value!r}; {hint}choose {', '.join(get_args(known))}"
        raise ParameterError(msg)


def _write_currents(path: Path, i_col: Array, model: Array | None) -> None:
    """Write one line for each vector and column."""
    import numpy as np

    from xbarsim.interop.tables import write_table

    vector, column = np.indices(i_col.shape).reshape(2, -1)
    columns = {"vector": vector, "column": column, "i_col [A]": i_col.ravel()}
    write_table(path, columns if model is None else {**columns, "fast [A]": model.ravel()})


def _print_currents(i_col: Array, model: Array | None, *, what: str = "column") -> None:
    """Print currents, [batch, col] in A, with the fast model's beside them where there is one."""
    from rich.table import Table

    beside = () if model is None else ("fast model [A]", "difference / full scale")
    table = Table("vector", what, "ngspice [A]", *beside)
    scale = abs(i_col).max() or 1.0
    for b, line in enumerate(i_col):
        for j, a in enumerate(line):
            m = None if model is None else model[b, j]
            more = () if m is None else (f"{m:.9e}", f"{(m - a) / scale:.1e}")
            table.add_row(str(b), str(j), f"{a:.9e}", *more)
    OUT.print(table)


@takes_problem
def transient(
    problem: Problem,
    deck: Annotated[Path | None, typer.Option(help="File to write the transient deck to.")] = None,
    timeout: Timeout = None,
    memory: Memory = None,
    force: Force = False,
    json: JsonFlag = False,
) -> None:
    """Run a spike train in time and statically: does the bit line settle within a pulse?"""
    import numpy as np

    from xbarsim.parameters import load_device, load_transient
    from xbarsim.spice import spice_transient

    train = problem.v_row
    if problem.drawn:
        half = load_device(problem.device).v_read / 2
        train = np.where(train > half, 2 * half, 0.0)
    problem.refuse_broken()
    pulse = load_transient(problem.device)
    if deck is not None:
        _write_deck(deck, problem, train, pulse)
    found = spice_transient(
        problem.conductance, train, problem.crossbar, pulse,
        topology=problem.topology, cell=problem.cell, limits=run_limits(timeout, memory),
        force=force, **problem.wires,
    )  # fmt: skip
    if json:
        shown = (
            "charge", "charge_diff", "charge_static", "i_sample", "i_static", "charge_difference",
            "sample_difference",
        )  # fmt: skip
        numbers = {name: getattr(found, name) for name in shown}
        print_json({**numbers, "method": found.provenance.method})
        return
    OUT.print(f"{found.provenance.solver}, {found.provenance.method}", markup=False)
    OUT.print(f"charge per step differs from static by up to {found.charge_difference:.2e}")
    OUT.print(f"sampled current differs from static by up to {found.sample_difference:.2e}")


def _write_deck(path: Path, problem: Problem, train: Array, pulse: "TransientParams") -> None:
    """Write the deck that is run in time; its circuit has every row, and switches for silent ones."""
    from xbarsim.circuit import build_circuit
    from xbarsim.spice.pulses import write_transient
    from xbarsim.storage import write_atomically

    circuit = build_circuit(
        problem.conductance, problem.crossbar, topology=problem.topology, cell=problem.cell,
        **problem.wires,
    )  # fmt: skip
    write_atomically(path, write_transient(circuit, train, pulse))
