"""This module is the choice of an IR-drop model for many arrays at once."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xbarsim.errors import ParameterError
from xbarsim.fast import closed_form_conductance, effective_conductance
from xbarsim.parameters import CrossbarParams

StaticModel = Literal["exact", "closed_form", "ideal"]
Array = NDArray[np.float64]


def apply_wires(
    conductance: Array,
    crossbar: CrossbarParams,
    model: StaticModel = "exact",
    *,
    on_tile: Callable[[int], None] | None = None,
) -> Array:
    """Return the effective conductance of arrays [..., row, col] by a model of the ladder. [S]

    Args:
        conductance: Cell conductances. [S]
        crossbar: Size of the arrays and their resistances. [Ω]
        model: ``exact``, ``closed_form`` (approximate) or ``ideal`` (no wires).
        on_tile: Called with the number of arrays just solved.

    Raises:
        ParameterError: If there is no such model, or the shape does not fit.
    """
    if model == "exact":
        return effective_conductance(conductance, crossbar, on_tile=on_tile)
    if model == "ideal":
        return np.asarray(conductance, dtype=np.float64)
    if str(model) != "closed_form":
        msg = f"ir_drop is {model!r}; use exact, closed_form, ideal or activity"
        raise ParameterError(msg)
    flat = conductance.reshape(-1, *crossbar.shape)
    result = np.empty_like(flat)
    for k, tile in enumerate(flat):
        result[k] = closed_form_conductance(tile, crossbar)
        if on_tile is not None:
            on_tile(1)
    return result.reshape(conductance.shape)
