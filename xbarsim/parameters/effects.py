"""This module is what separates a real cell from its target: spread, noise, drift and defects."""

from typing import Annotated, Literal, Self

from annotated_types import Gt
from pydantic import Field, model_validator

from xbarsim.errors import ParameterError
from xbarsim.parameters.base import Parameters
from xbarsim.units import Fraction, Ratio, Second, Siemens, Unit

PositiveSiemens = Annotated[float, Unit("S"), Gt(0.0)]
SignedSiemens = Annotated[float, Unit("S")]
Exponent = Annotated[float, Unit("1")]


class RelativeDeviation(Parameters):
    """sigma_G = sigma G: one ratio for all states."""

    kind: Literal["relative"] = "relative"
    """Name of the law."""
    sigma: Ratio = 0.0
    """Standard deviation as a share of the conductance."""


class PolynomialDeviation(Parameters):
    """sigma_G = sum_k c_k (G / g_ref)^k, zero where that is negative: fits to measured states."""

    kind: Literal["polynomial"] = "polynomial"
    """Name of the law."""
    coefficients: Annotated[tuple[SignedSiemens, ...], Field(min_length=1)]
    """c_0, c_1, ..."""
    g_ref: PositiveSiemens
    """Conductance at which every power is 1."""


class SaturatingDeviation(Parameters):
    """sigma_G = limit (1 - exp(-G / scale)): spread that levels off, as of charge traps."""

    kind: Literal["saturating"] = "saturating"
    """Name of the law."""
    limit: Siemens
    """Standard deviation of high conductances."""
    scale: PositiveSiemens
    """Conductance over which it is reached."""


class FlickerDeviation(Parameters):
    """1/f noise: sigma_G = G min(q (G / g_ref)^-slope, q_max) sqrt(ln((t + t_read) / (2 t_read)))."""

    kind: Literal["flicker"] = "flicker"
    """Name of the law."""
    q: Ratio
    """Relative noise at g_ref."""
    slope: Exponent
    """Power with which relative noise falls as conductance grows."""
    q_max: Ratio
    """Largest relative noise, that of low conductances."""
    g_ref: PositiveSiemens
    """Conductance that q belongs to."""
    t_read: Second
    """Duration of one reading."""
    t: Second
    """Time since programming over which noise has gathered; at least t_read."""

    @model_validator(mode="after")
    def _after_reading(self) -> Self:
        if self.t < self.t_read:
            msg = f"t is {self.t!r} s, before one reading of t_read = {self.t_read!r} s has ended"
            raise ParameterError(msg)
        return self


Deviation = Annotated[
    RelativeDeviation | PolynomialDeviation | SaturatingDeviation | FlickerDeviation,
    Field(discriminator="kind"),
]
"""Standard deviation of a conductance as a function of the conductance."""


class PowerDrift(Parameters):
    """G(t) = G(t0) (t / t0)^-nu; nu is normal, cell by cell, and never negative.

    Mean and standard deviation of nu are linear in ln(G / g_ref), each held within its limits.
    """

    kind: Literal["power"] = "power"
    """Name of the law."""
    nu: Exponent
    """Mean exponent at g_ref."""
    nu_sigma: Exponent = 0.0
    """Standard deviation of the exponent at g_ref, cell to cell, before its limits."""
    nu_slope: Exponent = 0.0
    """Change of the mean exponent per factor e of conductance."""
    sigma_slope: Exponent = 0.0
    """Change of its standard deviation per factor e of conductance."""
    nu_limits: tuple[float, float] = (0.0, 1.0)
    """Lowest and highest mean exponent."""
    sigma_limits: tuple[float, float] = (0.0, 1.0)
    """Lowest and highest standard deviation."""
    g_ref: PositiveSiemens = 1.0
    """Conductance that nu and nu_sigma belong to; without slopes it does not matter."""
    t0: Second
    """Time after programming at which G(t0) was read."""

    @model_validator(mode="after")
    def _limits_are_ordered(self) -> Self:
        for name in ("nu_limits", "sigma_limits"):
            low, high = getattr(self, name)
            if not 0 <= low <= high:
                msg = f"{name} is ({low!r}, {high!r}): use 0 <= lowest <= highest"
                raise ParameterError(msg)
        return self


class LogarithmicDrift(Parameters):
    """G(t) = G(t0) + shift ln(t / t0) + (spread + spread_rate ln(t / t0)) z, z normal: relaxation."""

    kind: Literal["logarithmic"] = "logarithmic"
    """Name of the law."""
    shift: SignedSiemens
    """Change of the mean per factor e of time."""
    spread: Siemens = 0.0
    """Standard deviation at t0."""
    spread_rate: Siemens = 0.0
    """Growth of the standard deviation per factor e of time."""
    t0: Second = 1.0
    """Time after programming at which drift starts."""


Drift = Annotated[PowerDrift | LogarithmicDrift, Field(discriminator="kind")]
"""Change of a conductance with time."""


class StuckCells(Parameters):
    """Cells that cannot be programmed: shares of all cells, drawn independently."""

    on: Fraction = 0.0
    """Share of cells stuck at the highest conductance."""
    off: Fraction = 0.0
    """Share of cells stuck at the lowest conductance."""

    @model_validator(mode="after")
    def _at_most_all(self) -> Self:
        if self.on + self.off > 1:
            msg = f"on is {self.on!r} and off is {self.off!r}: together they exceed all cells"
            raise ParameterError(msg)
        return self


class EffectParams(Parameters):
    """Everything that separates cells from their targets; what is absent does not happen."""

    variation: Deviation = RelativeDeviation()
    """Spread of programmed conductances, drawn once a cell."""
    read_noise: Deviation | None = None
    """Noise of one reading, drawn anew each time."""
    drift: Drift | None = None
    """Change between programming and reading."""
    stuck: StuckCells = StuckCells()
    """Cells that cannot be programmed."""
