"""This module is the baseline: an array without wires.

Assumptions: linear cells, no resistance but theirs. Cost: one product. Measured against ngspice in
every record (``validation/records``, model ``ideal``): wires cost many times full scale. Source:
Ohm's law.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def ideal_currents(conductance: ArrayLike, v_row: ArrayLike) -> NDArray[np.float64]:
    r"""Return $I_j = \sum_i V_i G_{ij}$, the currents of an array whose wires have no resistance.

    Args:
        conductance: Cell conductances, [..., row, col]. [S]
        v_row: Input vectors, [..., batch, row]. [V]

    Returns:
        Column currents, [..., batch, col]. [A]
    """
    return np.asarray(v_row, dtype=np.float64) @ np.asarray(conductance, dtype=np.float64)
