"""This module is the gate of continuous integration: a short benchmark, held to half its bars."""

from typing import NamedTuple

from xbarsim.benchmarks.effective import bench_short
from xbarsim.errors import ParameterError


class Judged(NamedTuple):
    """A figure, its bar, and whether half the bar is met."""

    name: str
    value: float
    bar: str
    met: bool


def run_gate() -> list[Judged]:
    """Measure the short form and judge every figure that has a bar."""
    return judge(bench_short())


def judge(figures: dict[str, tuple[float, str]]) -> list[Judged]:
    """Judge figures by half their bars; errors by the whole bar, as they do not vary.

    Raises:
        ParameterError: If a bar is no ``>=`` or ``<=`` and a number.
    """
    return [
        Judged(name, value, bar, _met(name, value, bar))
        for name, (value, bar) in figures.items()
        if bar
    ]


def _met(name: str, value: float, bar: str) -> bool:
    sign, _, number = bar.partition(" ")
    if sign not in (">=", "<="):
        msg = f"the bar of {name!r} is {bar!r}; write >= or <= and a number"
        raise ParameterError(msg)
    margin = 1.0 if "error" in name else 2.0
    return value >= float(number) / margin if sign == ">=" else value <= float(number) * margin
