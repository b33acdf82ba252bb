"""This module is the kinds of cell: how the current of a cell of conductance g follows its voltage."""

from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from annotated_types import Gt
from pydantic import Field, model_validator

from xbarsim.errors import ParameterError
from xbarsim.parameters.base import Parameters
from xbarsim.units import Unit, Volt

PositiveVolt = Annotated[float, Unit("V"), Gt(0.0)]
Metre = Annotated[float, Unit("m"), Gt(0.0)]
PerVolt = Annotated[float, Unit("1/V")]
PerVolt2 = Annotated[float, Unit("1/V²")]
AmperePerVolt2 = Annotated[float, Unit("A/V²"), Gt(0.0)]
PositiveAmpere = Annotated[float, Unit("A"), Gt(0.0)]


class LinearCell(Parameters):
    """Ohm's law: I = g V."""

    kind: Literal["linear"] = "linear"
    """Name of the law."""


class SinhCell(Parameters):
    """Filamentary cell: I = g V0 sinh(V / V0)."""

    kind: Literal["sinh"] = "sinh"
    """Name of the law."""
    v0: PositiveVolt = 0.3326
    """Voltage over which the cell turns exponential (default: alambertini01, NonLinear.py)."""


class PolynomialCell(Parameters):
    """Published fits of RRAM: I = g (V + a2 V² + a3 V³)."""

    kind: Literal["polynomial"] = "polynomial"
    """Name of the law."""
    a2: PerVolt = 0.0
    """Quadratic coefficient, relative to the linear one."""
    a3: PerVolt2 = 0.0
    """Cubic coefficient, relative to the linear one."""


class TableCell(Parameters):
    """Measured cell: I = g u(V), u piecewise linear through the points (v, u)."""

    kind: Literal["table"] = "table"
    """Name of the law."""
    v: tuple[Volt, ...]
    """Voltages of the points, increasing."""
    u: tuple[Volt, ...]
    """Current divided by conductance at each voltage, increasing."""

    @model_validator(mode="after")
    def _monotone(self) -> Self:
        if len(self.v) != len(self.u) or len(self.v) < 2:
            msg = f"a table has {len(self.v)} voltages and {len(self.u)} values: give two pairs or more"
            raise ParameterError(msg)
        if not (np.all(np.diff(self.v) > 0) and np.all(np.diff(self.u) > 0)):
            msg = "v and u of a table must both increase: sort the points, and remove noise first"
            raise ParameterError(msg)
        return self


class TransistorCell(Parameters):
    """1T1R: a resistor of conductance g in series with an NMOS (SPICE level 1) to the bit line."""

    kind: Literal["1t1r"] = "1t1r"
    """Name of the law."""
    width: Metre = 1e-6
    """Channel width."""
    length: Metre = 1e-7
    """Channel length."""
    vt0: Volt = 0.4
    """Threshold voltage."""
    kp: AmperePerVolt2 = 2e-4
    """Transconductance parameter."""
    v_gate: Volt = 1.5
    """Gate voltage of a selected cell."""

    @property
    def beta(self) -> float:
        """KP W / L [A/V²]."""
        return self.kp * self.width / self.length

    @model_validator(mode="after")
    def _conducts(self) -> Self:
        if self.v_gate <= self.vt0:
            msg = f"v_gate is {self.v_gate!r} V, not above vt0 {self.vt0!r} V: the cell never conducts"
            raise ParameterError(msg)
        return self


class SelectorCell(Parameters):
    """1S1R: a resistor of conductance g in series with a selector, I = i_sel sinh(V_s / v_sel)."""

    kind: Literal["1s1r"] = "1s1r"
    """Name of the law."""
    i_sel: PositiveAmpere = 1e-9
    """Current scale of the selector."""
    v_sel: PositiveVolt = 0.05
    """Voltage over which the selector's current grows by e."""


class SubcircuitCell(Parameters):
    """The user's own sub-circuit, read from a file that may not run commands.

    Its pins are word line, bit line, and with ``v_gate`` a gate; its conductance is a parameter.
    """

    kind: Literal["subckt"] = "subckt"
    """Name of the law."""
    path: Path
    """File with the .subckt."""
    subckt: str
    """Name of the sub-circuit in the file."""
    parameter: str = "g"
    """Its conductance parameter [S]."""
    v_gate: Volt | None = None
    """Voltage of its third pin; two pins when absent."""

    @model_validator(mode="after")
    def _plain_names(self) -> Self:
        for field in ("subckt", "parameter"):
            name = getattr(self, field)
            if not (name.isascii() and name.isidentifier()):
                msg = f"{field} is {name!r}: use letters, digits and _ only; others change decks"
                raise ParameterError(msg)
        return self


CellParams = (
    LinearCell | SinhCell | PolynomialCell | TableCell | TransistorCell | SelectorCell
    | SubcircuitCell
)  # fmt: skip
"""Any kind of cell."""

Cell = Annotated[CellParams, Field(discriminator="kind")]
"""The same as a field of parameters, read by its ``kind``."""
