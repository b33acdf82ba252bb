"""This module is time: the pulse that a spike becomes, and the capacitances that it has to charge."""

from typing import Self

from pydantic import model_validator

from xbarsim.errors import ParameterError
from xbarsim.parameters.base import Parameters
from xbarsim.units import Farad, Fraction, Second


class TransientParams(Parameters):
    """Pulse shape, sampling and capacitances of a transient simulation.

    A spike of v [V] rises from 0 to v, stays, and falls again; at half its height it is ``pulse``
    wide, so that its area is v · pulse whatever the rise time.
    """

    pulse: Second = 5e-9
    """Width of a pulse at half its height."""
    rise: Second = 1e-10
    """Time of the rising, and of the falling, edge."""
    period: Second = 1e-8
    """Time from one step of the spike train to the next."""
    sample: Fraction = 0.9
    """When outputs are sampled, as a fraction of the pulse after its start."""
    c_wire_row: Farad = 1e-15
    """Capacitance to ground of each word-line node."""
    c_wire_col: Farad = 1e-15
    """Capacitance to ground of each bit-line node."""
    c_cell: Farad = 0.0
    """Capacitance across each cell."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.rise <= self.pulse or not self.pulse + self.rise < self.period:
            msg = (
                f"rise {self.rise!r} s, pulse {self.pulse!r} s and period {self.period!r} s "
                "do not fit: rise may not exceed pulse, and pulse + rise must end within the period"
            )
            raise ParameterError(msg)
        return self
