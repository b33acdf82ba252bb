"""This module is the vocabulary of units: a unit is a type, read by TOML checks, help and reports."""

from typing import Annotated, Any

from annotated_types import Ge, Gt, Le


class Unit:
    """The unit symbol that a quantity's type carries."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol

    def __repr__(self) -> str:
        return f"Unit({self.symbol!r})"


Ohm = Annotated[float, Unit("Ω"), Ge(0.0)]
Siemens = Annotated[float, Unit("S"), Ge(0.0)]
Volt = Annotated[float, Unit("V")]
Ampere = Annotated[float, Unit("A")]
Second = Annotated[float, Unit("s"), Gt(0.0)]
Farad = Annotated[float, Unit("F"), Ge(0.0)]
Fraction = Annotated[float, Unit("1"), Ge(0.0), Le(1.0)]
Ratio = Annotated[float, Unit("1"), Ge(0.0)]
Count = Annotated[int, Unit("1"), Ge(1)]


def unit_of(metadata: list[Any]) -> str:
    """Return the unit symbol in a field's annotation, or an empty string."""
    return next((item.symbol for item in metadata if isinstance(item, Unit)), "")
