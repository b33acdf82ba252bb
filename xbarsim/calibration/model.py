"""This module is what a calibration changes: the array as a function of its parameters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from xbarsim.errors import ParameterError
from xbarsim.fast import effective_conductance
from xbarsim.fast.state import array_state
from xbarsim.parameters import CellParams, CrossbarParams, LinearCell, SinhCell

Array = NDArray[np.float64]
Parameter = Literal[
    "r_driver", "r_wire_row", "r_wire_col", "r_sense", "g_scale", "g_offset", "v0"
]  # fmt: skip
RESISTANCES: tuple[Parameter, ...] = ("r_driver", "r_wire_row", "r_wire_col", "r_sense")

_STEP = 1e-5
_FLOOR = 1e-3
_LEAST = 1e-2
_TOLERANCE = 1e-12


@dataclass(frozen=True)
class ArrayModel:
    """An array whose chosen parameters are free; the others keep their values.

    Attributes:
        parameters: Names of the free ones.
        start: Size, and first guess or value of the resistances. [Ω]
        cell: Law of the cells, linear or sinh; a free v0 starts at its value.
    """

    parameters: tuple[Parameter, ...]
    start: CrossbarParams
    cell: CellParams

    @classmethod
    def of(
        cls, parameters: Sequence[Parameter], start: CrossbarParams, cell: CellParams | None
    ) -> "ArrayModel":
        """Check the names and return the model.

        Raises:
            ParameterError: Unknown or repeated name, or a v0 that the cells do not have.
        """
        known = get_args(Parameter)
        unknown = [name for name in parameters if name not in known]
        if unknown or len(set(parameters)) != len(parameters) or not parameters:
            msg = f"cannot fit {unknown or list(parameters)}; choose from {', '.join(known)}"
            raise ParameterError(msg)
        cell = cell or LinearCell()
        if "v0" in parameters and not isinstance(cell, SinhCell):
            msg = f"cannot fit v0 of {cell.kind} cells; give [cell] kind = 'sinh' in the TOML file"
            raise ParameterError(msg)
        return cls(tuple(parameters), start, cell)

    def scale(self, conductance: Array) -> Array:
        """Return the size of each parameter, in its unit; fits move multiples of it."""
        return np.array([self._guess(name, conductance) for name in self.parameters])

    def _guess(self, name: Parameter, g: Array) -> float:
        if name == "g_scale":
            return 1.0
        if name == "g_offset":
            return float(g.mean()) or 1e-6
        if name == "v0":
            return float(getattr(self.cell, "v0", 1.0))
        return float(getattr(self.start, name)) or 1.0

    def sizes(self, values: Array, conductance: Array) -> Array:
        """Return what changes are relative to: the values, or 1 % of the guess when they vanish."""
        return np.maximum(np.abs(values), _LEAST * self.scale(conductance))

    def first(self) -> Array:
        """Return the first guess in multiples of ``scale``."""
        return np.array([0.0 if name == "g_offset" else 1.0 for name in self.parameters])

    def lower(self) -> Array:
        """Return the lowest values that make sense, in multiples of ``scale``."""
        least = {"g_offset": -np.inf, "v0": 0.05}
        return np.array([least.get(name, 0.0) for name in self.parameters])

    def currents(self, values: Array, conductance: Array, v_row: Array) -> Array:
        """Return column currents [batch, col] in A for parameter values in their units."""
        given = dict(zip(self.parameters, values.tolist(), strict=True))
        g = conductance * given.pop("g_scale", 1.0) + given.pop("g_offset", 0.0)
        g = np.maximum(g, 0.0)
        v0 = given.pop("v0", None)
        crossbar = self.start.replace(**given)
        if isinstance(self.cell, LinearCell):
            return np.asarray(v_row @ effective_conductance(g, crossbar))
        cell = self.cell if v0 is None else SinhCell(v0=v0)
        return array_state(g, v_row, crossbar, cell, tolerance=_TOLERANCE).i_col

    def sensitivities(self, values: Array, conductance: Array, v_row: Array) -> Array:
        """Return dI/dp p-scale / weight, [output, parameter], by central differences.

        Parameters are scaled to about 1, so one step suits all; the weight is that of the fit.
        """
        scale = self.scale(conductance)
        weight = noise_weight(self.currents(values, conductance, v_row))
        columns = []
        for k in range(len(values)):
            up, down = values.copy(), values.copy()
            up[k] += _STEP * scale[k]
            down[k] -= _STEP * scale[k]
            if self.parameters[k] != "g_offset":
                down[k] = max(down[k], 0.0)
            change = self.currents(up, conductance, v_row) - self.currents(down, conductance, v_row)
            columns.append((change / weight).ravel() / (up[k] - down[k]))
        return np.stack(columns, axis=1)


def noise_weight(i_col: Array) -> Array:
    """Return the size of the noise that a fit assumes, up to a factor: |I| + 0.001 max|I|."""
    return np.asarray(np.abs(i_col) + _FLOOR * np.abs(i_col).max())
