"""This module is where a record speaks: the range of every quantity that was really run."""

from collections.abc import Callable, Sequence

import numpy as np

from xbarsim.parameters import CrossbarParams
from xbarsim.parameters.base import Parameters
from xbarsim.validation.circuits import TestCircuit

Interval = tuple[float, float]
_UNITS = {"rows": "", "cols": "", "conductance": " S"}


class Envelope(Parameters):
    """Lowest and highest value that was checked, per quantity."""

    rows: Interval
    """Word lines."""
    cols: Interval
    """Bit lines."""
    r_driver: Interval
    """[Ω]"""
    r_wire_row: Interval
    """[Ω]"""
    r_wire_col: Interval
    """[Ω]"""
    r_sense: Interval
    """[Ω]"""
    conductance: Interval
    """Conductances of single cells. [S]"""
    v_row: Interval
    """Input voltages. [V]"""
    density: Interval
    """Share of driven rows in an input vector."""

    def gap(self, crossbar: CrossbarParams, conductance: Interval | None = None) -> str | None:
        """Return what is outside, in words, or None."""
        values: dict[str, Interval] = {
            name: (getattr(crossbar, name),) * 2
            for name in ("rows", "cols", "r_driver", "r_wire_row", "r_wire_col", "r_sense")
        }
        if conductance is not None:
            values["conductance"] = conductance
        for name, (low, high) in values.items():
            covered = getattr(self, name)
            if low < covered[0] or high > covered[1]:
                unit = _UNITS.get(name, " Ω")
                value = f"{low:g}{unit}" if low == high else f"{low:g} to {high:g}{unit}"
                return f"{name} is {value}; covered: {covered[0]:g} to {covered[1]:g}{unit}"
        return None


def envelope_of(circuits: Sequence[TestCircuit]) -> Envelope:
    """Return the span of every quantity over the circuits."""

    def span(value: Callable[[TestCircuit], list[float]]) -> Interval:
        values = [float(v) for c in circuits for v in value(c)]
        return min(values), max(values)

    wires = {
        name: span(lambda c, name=name: [getattr(c.crossbar, name)])  # type: ignore[misc]
        for name in ("rows", "cols", "r_driver", "r_wire_row", "r_wire_col", "r_sense")
    }
    return Envelope(
        **wires,
        conductance=span(lambda c: [np.min(c.conductance), np.max(c.conductance)]),
        v_row=span(lambda c: [np.min(c.v_row), np.max(c.v_row)]),
        density=span(lambda c: [c.densities.min(), c.densities.max()]),
    )
