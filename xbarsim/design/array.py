"""This module is the array under question: device, wires, connections, cells, pulse, in one value."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from xbarsim.errors import ParameterError
from xbarsim.parameters import (
    CellParams,
    CrossbarParams,
    DeviceParams,
    LinearCell,
    SubcircuitCell,
    TopologyParams,
    TransientParams,
    load_cell,
    load_crossbar,
    load_device,
    load_topology,
    load_transient,
)

Method = Literal["matrix", "patterns", "state", "nodal"]


@dataclass(frozen=True)
class ArrayDesign:
    """Everything that a parameter file says, at one size.

    Attributes:
        device: Conductance range and read voltage.
        crossbar: Size and resistances.
        topology: Ends, leads, silent rows.
        cell: Law of the cells.
        transient: Pulse and capacitances.
    """

    device: DeviceParams
    crossbar: CrossbarParams
    topology: TopologyParams
    cell: CellParams
    transient: TransientParams

    def sized(self, rows: int, cols: int) -> "ArrayDesign":
        """Return the same design at another size."""
        return replace(self, crossbar=self.crossbar.replace(rows=rows, cols=cols))

    def wired(self, **ohms: float) -> "ArrayDesign":
        """Return the same design with some of the four resistances changed. [Ω]"""
        return replace(self, crossbar=self.crossbar.replace(**ohms))

    def ranged(self, *, r_min: float | None = None, ratio: float | None = None) -> "ArrayDesign":
        """Return the same design with another lowest resistance [Ω] or ON/OFF ratio [1]."""
        g_max = self.device.g_max if r_min is None else 1.0 / r_min
        share = 1.0 / self.device.on_off_ratio if ratio is None else 1.0 / ratio
        return replace(self, device=self.device.replace(g_min=g_max * share, g_max=g_max))

    def connected(self, **changes: Any) -> "ArrayDesign":  # noqa: ANN401
        """Return the same design with other connections, or other silent rows."""
        return replace(self, topology=self.topology.replace(**changes))

    def with_cell(self, cell: CellParams) -> "ArrayDesign":
        """Return the same design with other cells."""
        return replace(self, cell=cell)

    @property
    def method(self) -> Method:
        """How its currents are found: the cheapest exact model that knows its ends and its cells."""
        if isinstance(self.cell, LinearCell):
            return "matrix" if self.topology.silent == "grounded" else "patterns"
        return "state" if self.plain else "nodal"

    @property
    def plain(self) -> bool:
        """Whether rows are driven and columns sensed at one end, without leads."""
        return self.topology.replace(silent="grounded") == TopologyParams()

    @property
    def method_in_words(self) -> str:
        """Name of the model, for people."""
        return {
            "matrix": "exact effective conductance",
            "patterns": "exact effective conductance of every spike pattern",
            "state": "exact cell voltages, iterated for the cells' law",
            "nodal": "sparse nodal solve (no faster exact model knows these cells or ends)",
        }[self.method]


def load_design(source: str | Path, *, rows: int, cols: int) -> ArrayDesign:
    """Load a preset or a TOML file at one size.

    Raises:
        ParameterError: If the file is wrong, or its cells are a sub-circuit whose law only ngspice
            knows.
    """
    cell = load_cell(source)
    if isinstance(cell, SubcircuitCell):
        msg = (
            f"the cells of {source} are the sub-circuit {cell.subckt!r}, whose law only ngspice "
            "knows; measure one cell with it and give the points as [cell] kind = 'table', or ask "
            "for the rule check alone (--rules-only)"
        )
        raise ParameterError(msg)
    return ArrayDesign(
        load_device(source),
        load_crossbar(source, rows=rows, cols=cols),
        # Columns are judged one by one, also where they are sensed in pairs.
        load_topology(source).replace(columns="single"),
        cell,
        load_transient(source),
    )
