"""This module is every cell's voltage and current, by whichever steps suit the cells and the rows."""

import numpy as np
from numpy.typing import ArrayLike

from xbarsim.circuit import check_inputs
from xbarsim.errors import SolveError
from xbarsim.fast.nonlinear import NonlinearSolution, nonlinear_currents
from xbarsim.fast.silence import SilentRows
from xbarsim.parameters import CellParams, CrossbarParams

_TOLERANCE = 1e-12
_STEPS = 60


def array_state(
    conductance: ArrayLike,
    v_row: ArrayLike,
    crossbar: CrossbarParams,
    cell: CellParams,
    *,
    silent_rows: SilentRows = "grounded",
    tolerance: float = _TOLERANCE,
) -> NonlinearSolution:
    """Solve an array for every cell's voltage and current, whatever the cells' law.

    Rows at 0 V are silent. Grounded rows let all inputs share one factorisation; where that
    converges too slowly, in cells that are steep, and for other silent rows, each input has its own.

    Args:
        conductance: Cell conductances at 0 V, [row, col]. [S]
        v_row: Input vectors, [batch, row]. [V]
        crossbar: Geometry and resistances; any may be zero. [Ω]
        cell: Law of the cells.
        silent_rows: What happens to rows at 0 V: grounded, gated or floating.
        tolerance: Residual to reach, as a share of the largest cell current.

    Raises:
        ParameterError: If shapes or values are not physical, or only ngspice knows the cells.
        SolveError: If the cells' current does not rise with voltage, or neither way converges.
    """
    v = check_inputs(v_row, crossbar.rows)
    if silent_rows == "grounded":
        try:
            return nonlinear_currents(
                conductance, v, crossbar, cell, tolerance=tolerance, most_steps=_STEPS,
                slopes="shared",
            )  # fmt: skip
        except SolveError:
            return nonlinear_currents(
                conductance, v, crossbar, cell, tolerance=tolerance, most_steps=_STEPS
            )
    return nonlinear_currents(
        conductance, v, crossbar, cell, tolerance=tolerance, most_steps=_STEPS,
        silent_rows=silent_rows, active=np.asarray(v != 0),
    )  # fmt: skip
