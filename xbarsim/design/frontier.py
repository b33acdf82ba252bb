"""This module is the second question: how far may a design go within an error budget?"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy.optimize import brentq

from xbarsim.design.errors import DesignError, Measure, design_error
from xbarsim.design.quantities import Quantity
from xbarsim.design.sample import Sample
from xbarsim.errors import ParameterError

_CLOSE = 2e-3
_DIGITS = 3


@dataclass(frozen=True)
class Frontier:
    """The limit of one quantity within the budget.

    Attributes:
        quantity: What is limited.
        measure: Which error must stay within the budget: raw, or after column gain.
        value: The limit; ``None`` when the budget is missed even at the easy end of the search.
        error: Largest error there; at the easy end when there is no limit. [1]
        open_ended: Whether the budget is still kept at the hard end, so that there is no limit.
    """

    quantity: Quantity
    measure: Measure
    value: float | None
    error: float
    open_ended: bool = False


class ErrorCurve:
    """The error of a design against one quantity; every point is solved once."""

    def __init__(self, quantity: Quantity, sample: Sample) -> None:
        self.quantity, self._sample = quantity, sample
        self._known: dict[float, DesignError] = {}

    def __call__(self, value: float) -> DesignError:
        """Return the errors at a value of the quantity."""
        if value not in self._known:
            self._known[value] = design_error(
                self.quantity.apply(value), self._sample, of_signal=self.quantity.of_signal
            )
        return self._known[value]


def find_frontier(
    curve: ErrorCurve,
    measure: Measure,
    budget: float,
    on_step: Callable[[str], None] = lambda _: None,
) -> Frontier:
    """Search where the error reaches the budget; the value that is returned still keeps it.

    Whole numbers by doubling and bisection, others by Brent's method on the logarithms, then
    rounded to three digits towards the easy end.
    """
    if not 0 < budget < 1:
        msg = f"the budget is {budget!r}: give a share of full scale between 0 and 1, such as 1%"
        raise ParameterError(msg)
    quantity = curve.quantity

    def over(value: float) -> float:
        on_step(f"limit of {quantity.name}")
        return math.log(max(curve(value).of(measure), 1e-15) / budget)

    if over(quantity.easy) > 0:
        return Frontier(quantity, measure, None, curve(quantity.easy).of(measure))
    search = _whole if quantity.whole else _real
    value = search(quantity, over)
    return Frontier(
        quantity, measure, value, curve(value).of(measure), open_ended=value == quantity.hard
    )


def _whole(quantity: Quantity, over: Callable[[float], float]) -> float:
    """Double until the budget is missed, then bisect: large sizes are dear."""
    good = quantity.easy
    bad = good
    while bad < quantity.hard and bad == good:
        bad = min(2 * good, quantity.hard)
        if over(bad) <= 0:
            good = bad
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if over(middle) <= 0 else (good, middle)
    return good


def _real(quantity: Quantity, over: Callable[[float], float]) -> float:
    if over(quantity.hard) <= 0:
        return quantity.hard
    ends = math.log(quantity.easy), math.log(quantity.hard)
    root = math.exp(brentq(lambda x: over(math.exp(x)), *ends, xtol=_CLOSE))
    value = _towards(root, quantity)
    while over(value) > 0:
        value = _towards(
            value * (1 + _CLOSE if quantity.easy > quantity.hard else 1 - _CLOSE), quantity
        )
    return value


def _towards(value: float, quantity: Quantity) -> float:
    """Round to three significant digits towards the easy end."""
    unit = 10.0 ** (math.floor(math.log10(value)) - _DIGITS + 1)
    up = quantity.easy > quantity.hard
    steps = math.ceil(value / unit) if up else math.floor(value / unit)
    return float(f"{steps * unit:.{_DIGITS}g}")
