"""This module is what a row that does not spike does to its array: nothing, gated or floating."""

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from xbarsim.errors import ParameterError
from xbarsim.parameters import CrossbarParams

SilentRows = Literal["grounded", "gated", "floating"]


def apply_silence(
    conductance: Any,  # noqa: ANN401
    silent_rows: SilentRows,
    active: Any,  # noqa: ANN401
    crossbar: CrossbarParams,
) -> tuple[Any, NDArray[np.bool_] | None]:
    """Return the conductance [..., row, col] and the floating rows [..., row] of spike patterns.

    Leading axes of ``conductance`` and ``active`` [..., row] are broadcast. A gated row has open
    cells, a floating row keeps them.

    Raises:
        ParameterError: If ``silent_rows`` is unknown, or ``active`` is missing or no mask of rows.
    """
    if silent_rows not in get_args(SilentRows):
        known = ", ".join(get_args(SilentRows))
        msg = f"silent_rows is {silent_rows!r}; use one of {known}"
        raise ParameterError(msg)
    if active is None:
        if silent_rows != "grounded":
            msg = f"silent_rows is {silent_rows!r} but active is None: say which rows spike"
            raise ParameterError(msg)
        return conductance, None
    mask = np.asarray(active)
    if mask.dtype != np.bool_ or mask.ndim < 1 or mask.shape[-1] != crossbar.rows:
        msg = (
            f"active has shape {mask.shape} and dtype {mask.dtype}; "
            f"use booleans [..., row] with {crossbar.rows} rows"
        )
        raise ParameterError(msg)
    lead = np.broadcast_shapes(tuple(conductance.shape[:-2]), mask.shape[:-1])
    mask = np.broadcast_to(mask, (*lead, crossbar.rows))
    if isinstance(conductance, np.ndarray):
        g: Any = np.broadcast_to(conductance, (*lead, *crossbar.shape))
        keep: Any = mask[..., None]
    else:
        import torch

        g = conductance.broadcast_to((*lead, *crossbar.shape))
        keep = torch.from_numpy(mask.copy()).to(conductance.device)[..., None]
    if silent_rows == "gated":
        return g * keep, None
    return g, (~mask if silent_rows == "floating" else None)
