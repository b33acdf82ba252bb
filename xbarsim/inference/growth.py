"""This module is the law by which errors grow with time-steps: a power, and two known shapes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbarsim.errors import ParameterError

Array = NDArray[np.float64]

_JUMP = 2.5


@dataclass(frozen=True)
class GrowthLaw:
    r"""How an error grows with the number of time-steps t.

    Attributes:
        exponent: α of $e_t \approx c\,t^\alpha$; 1 for an error that repeats at every step, 1/2 for
            one that is drawn anew, 0 for one that does not accumulate.
        factor: c.
        r_squared: Share of the variance of log e that the power explains.
        coherent: a of $e_t^2 = a^2 C_t^2 + b^2 D_t^2$: error per step that always points the same way.
        diffuse: b: error per step that is independent of that of other steps.
        start: Time-step from which t counts, 1 for the first; later where spikes come in late.
    """

    exponent: float
    factor: float
    r_squared: float
    coherent: float
    diffuse: float
    start: int


def growth_law(error: Array, leak: float = 1.0) -> GrowthLaw:
    r"""Fit both laws to errors [time] of a potential without resets.

    With leak λ an equal error at every step adds up to $C_t = (1 - \lambda^t) / (1 - \lambda)$, and
    independent ones to $D_t^2 = (1 - \lambda^{2t}) / (1 - \lambda^2)$; t and t without leak. The
    power is fitted to log e against log t, the shapes to e^2 by non-negative least squares with
    relative weights. An equal error at every step can at most double from one step to the next; time
    counts from the last step that did far more than that, when a layer's spikes came in.

    Args:
        error: Root mean square error after each step.
        leak: Share of the potential kept per step, λ.

    Raises:
        ParameterError: If there are fewer than three steps, or an error is not positive.
    """
    from scipy.optimize import nnls

    e = np.asarray(error, dtype=np.float64)
    if e.ndim != 1 or len(e) < 3 or not (np.isfinite(e) & (e > 0)).all():
        msg = (
            f"error is {e.tolist() if e.size < 9 else e.shape}; a growth law needs three or more "
            "steps with errors greater than zero"
        )
        raise ParameterError(msg)
    jumps = np.flatnonzero(e[1:] > _JUMP * e[:-1]) + 1
    start = int(jumps[-1]) if len(jumps) and jumps[-1] <= len(e) - 3 else 0
    e = e[start:]
    t = np.arange(1.0, len(e) + 1)
    x, y = np.log(t), np.log(e)
    exponent, intercept = np.polyfit(x, y, 1)
    spread = float(((y - y.mean()) ** 2).sum())
    left = float(((y - exponent * x - intercept) ** 2).sum())
    powers = np.stack([_adds_up(t, leak) ** 2, _adds_up(t, leak**2)], axis=1)
    shares, _ = nnls(powers / (e**2)[:, None], np.ones_like(e))
    return GrowthLaw(
        exponent=float(exponent),
        factor=float(np.exp(intercept)),
        r_squared=1 - left / spread if spread > 0 else 1.0,
        coherent=float(np.sqrt(shares[0])),
        diffuse=float(np.sqrt(shares[1])),
        start=start + 1,
    )


def _adds_up(t: Array, leak: float) -> Array:
    """Return the sum of leak**k for k below t."""
    total: Array = t if leak == 1 else (1 - leak**t) / (1 - leak)
    return total
