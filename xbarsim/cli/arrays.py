"""This module is how commands get their arrays: from CSV, npy or mat files, or drawn by seed."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xbarsim.cli.complete import presets

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from xbarsim.circuit import Circuit
    from xbarsim.parameters import CellParams, CrossbarParams, TopologyParams

    Array = NDArray[np.float64]
else:
    Array = Any  # numpy and pydantic are loaded by the commands that need them

DEFAULT_DEVICE = "bhattacharjee2022"

Device = Annotated[
    str,
    typer.Argument(
        help="Preset, or TOML file: [device], and maybe [crossbar], [topology], [cell], [transient].",
        autocompletion=presets,
    ),
]
Rows = Annotated[
    int, typer.Option(help="Word lines, when conductances are drawn.", min=1, max=4096)
]
Cols = Annotated[int, typer.Option(help="Bit lines, when conductances are drawn.", min=1, max=4096)]
Seed = Annotated[int, typer.Option(help="Seed of drawn conductances and inputs.", min=0)]
Vectors = Annotated[int, typer.Option(help="Number of drawn input vectors.", min=1, max=100_000)]
Matrix = Path | None


@dataclass(frozen=True)
class Problem:
    """One array and its inputs, as a command was asked for."""

    device: str
    crossbar: "CrossbarParams"
    conductance: Array
    v_row: Array
    drawn: bool
    topology: "TopologyParams"
    cell: "CellParams"
    wires: dict[str, Array] = field(default_factory=dict)

    def circuit(self) -> "Circuit":
        """Return the circuit under these inputs; where silent rows matter, rows at 0 V are silent.

        Raises:
            ParameterError: If the vectors have different silent rows, and so need different circuits.
        """
        from xbarsim.circuit import check_inputs
        from xbarsim.errors import ParameterError

        spikes = check_inputs(self.v_row, self.crossbar.rows) != 0
        if self.topology.silent != "grounded" and (spikes != spikes[0]).any():
            msg = (
                f"silent rows are {self.topology.silent} and differ between the {len(spikes)} "
                "vectors: each pattern is a circuit of its own; write one deck a vector"
            )
            raise ParameterError(msg)
        return self._circuit(spikes[0])

    def _circuit(self, spikes: Array) -> "Circuit":
        from xbarsim.circuit import build_circuit

        active = None if self.topology.silent == "grounded" else spikes
        return build_circuit(
            self.conductance, self.crossbar, topology=self.topology, cell=self.cell, active=active,
            **self.wires,
        )  # fmt: skip

    def refuse_broken(self) -> None:
        """Check the circuit under the first vector against electrical rules, before anything runs.

        Raises:
            SpiceError: If it breaks one.
        """
        from xbarsim.circuit import check_inputs
        from xbarsim.spice import refuse_broken, write_netlist

        v = check_inputs(self.v_row, self.crossbar.rows)[:1]
        if v.any() or self.topology.silent != "floating":
            refuse_broken(write_netlist(self._circuit(v[0] != 0), v))


def read_problem(
    device: Device = DEFAULT_DEVICE,
    rows: Rows = 8,
    cols: Cols = 8,
    seed: Seed = 0,
    vectors: Vectors = 1,
    conductance: Annotated[
        Matrix, typer.Option(help="Conductances [row, col] in S: .csv, .npy or .mat.")
    ] = None,
    inputs: Annotated[
        Matrix, typer.Option(help="Input vectors [batch or time, row] in V: .csv, .npy or .mat.")
    ] = None,
    r_wire_row: Annotated[
        Matrix, typer.Option(help="Each word-line segment [row, col - 1] in Ω: .csv, .npy or .mat.")
    ] = None,
    r_wire_col: Annotated[
        Matrix, typer.Option(help="Each bit-line segment [row - 1, col] in Ω: .csv, .npy or .mat.")
    ] = None,
) -> Problem:
    """Read the given files; draw what is not given: uniform conductances, uniform voltages."""
    import numpy as np

    from xbarsim.interop.matrices import read_matrix
    from xbarsim.parameters import load_cell, load_crossbar, load_device, load_topology

    params = load_device(device)
    generator = np.random.default_rng(seed)
    if conductance is None:
        g = generator.uniform(params.g_min, params.g_max, (rows, cols))
    else:
        g = read_matrix(conductance)
    crossbar = load_crossbar(device, rows=g.shape[0], cols=g.shape[1])
    if inputs is None:
        v = generator.uniform(0.0, params.v_read, (vectors, crossbar.rows))
    else:
        v = read_matrix(inputs)
    files = {"r_wire_row": r_wire_row, "r_wire_col": r_wire_col}
    return Problem(
        device, crossbar, g, v, inputs is None, load_topology(device), load_cell(device),
        {name: read_matrix(path) for name, path in files.items() if path is not None},
    )  # fmt: skip


def takes_problem(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of ``read_problem``; it gets the problem as its first argument."""
    options = inspect.signature(read_problem).parameters
    _, *own = inspect.signature(command).parameters.values()

    @functools.wraps(command)
    def run(**given: Any) -> None:  # noqa: ANN401
        problem = read_problem(**{name: given.pop(name) for name in options})
        command(problem, **given)

    every = [*options.values(), *own]
    run.__signature__ = inspect.Signature(every)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in every}
    return run
