"""This module is stuck cells: some conduct fully, some hardly, whatever is written to them."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbarsim.effects.checks import checked
from xbarsim.errors import ParameterError
from xbarsim.parameters import StuckCells


def stick_cells(
    conductance: ArrayLike,
    stuck: StuckCells,
    generator: np.random.Generator,
    *,
    g_min: float,
    g_max: float,
) -> NDArray[np.float64]:
    """Return conductances with a random share of cells stuck at ``g_max`` or ``g_min``. [S]

    One uniform number a cell decides, so that a larger share sticks the same cells and some more.

    Args:
        conductance: Conductances, any shape. [S]
        stuck: Shares of cells.
        generator: Stream of this effect; see ``effect_generator``.
        g_min: Conductance of a cell stuck off. [S]
        g_max: Conductance of a cell stuck on. [S]

    Raises:
        ParameterError: If a conductance or the range is not physical.
    """
    g = checked(conductance)
    if not 0 <= g_min <= g_max < float("inf"):
        msg = f"g_min is {g_min!r} S and g_max is {g_max!r} S: use 0 <= g_min <= g_max"
        raise ParameterError(msg)
    u = generator.random(g.shape)
    return np.where(u < stuck.on, g_max, np.where(u >= 1 - stuck.off, g_min, g))
