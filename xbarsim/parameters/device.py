"""This module is what one programmable cell can be: its conductance range and its variation."""

from typing import Any, Self

from pydantic import model_validator

from xbarsim.errors import ParameterError
from xbarsim.parameters.base import Parameters
from xbarsim.units import Fraction, Siemens, Volt


class DeviceParams(Parameters):
    """Conductance range, programming variation and read voltage of one kind of cell.

    The range may be given as conductances (``g_min``, ``g_max`` [S]) or as resistances
    (``r_min`` = 1/g_max, ``r_max`` = 1/g_min [Ω]).
    """

    name: str
    """Name of the parameter set, after the paper it comes from."""
    g_min: Siemens
    """Lowest programmable conductance."""
    g_max: Siemens
    """Highest programmable conductance."""
    sigma: Fraction = 0.0
    """Relative standard deviation σ/μ of a programmed conductance (Gaussian, device to device)."""
    v_read: Volt = 0.1
    """Word-line voltage for an input of 1."""
    source: str = ""
    """DOI or repository that the numbers come from."""
    measured: tuple[str, ...] = ()
    """What the source states or measured."""
    assumed: tuple[str, ...] = ()
    """What this set assumes because the source does not say."""

    @classmethod
    def accepted_aliases(cls) -> set[str]:
        """Return the two resistance forms of the range."""
        return {"r_min", "r_max"}

    @model_validator(mode="before")
    @classmethod
    def _from_resistances(cls, data: Any) -> Any:  # noqa: ANN401
        if not isinstance(data, dict):
            return data
        data = dict(data)
        for alias, field in (("r_min", "g_max"), ("r_max", "g_min")):
            if alias not in data:
                continue
            value = data.pop(alias)
            if field in data:
                msg = f"both {alias} and {field} are given; keep one of them"
                raise ParameterError(msg)
            if not isinstance(value, int | float) or isinstance(value, bool) or not value > 0:
                msg = f"{alias} [Ω] is {value!r}: it must be a number greater than 0"
                raise ParameterError(msg)
            data[field] = 1.0 / value
        return data

    @model_validator(mode="after")
    def _range_is_ordered(self) -> Self:
        if not self.g_min < self.g_max:
            msg = (
                f"g_min is {self.g_min!r} S and g_max is {self.g_max!r} S: "
                "g_min must be lower than g_max (equivalently r_min lower than r_max)"
            )
            raise ParameterError(msg)
        if self.v_read == 0:
            msg = "v_read is 0 V: choose the voltage that an input of 1 puts on the word line"
            raise ParameterError(msg)
        return self

    @property
    def on_off_ratio(self) -> float:
        """g_max / g_min; infinite when g_min is zero."""
        return self.g_max / self.g_min if self.g_min > 0 else float("inf")
