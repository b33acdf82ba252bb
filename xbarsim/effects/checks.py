"""This module is what conductances must be before anything happens to them."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbarsim.errors import ParameterError


def checked(conductance: ArrayLike) -> NDArray[np.float64]:
    """Return conductances of any shape as float64.

    Raises:
        ParameterError: If one is negative or not finite.
    """
    g = np.asarray(conductance, dtype=np.float64)
    bad = ~(np.isfinite(g) & (g >= 0))
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        msg = f"conductance{list(where)} is {g[where]!r} S: use finite values that are not negative"
        raise ParameterError(msg)
    return g
