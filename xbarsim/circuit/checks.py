"""This module is what an array must be before a circuit is made of it."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xbarsim.errors import ParameterError
from xbarsim.parameters import CrossbarParams

Array = NDArray[np.float64]


def check_conductance(conductance: ArrayLike, crossbar: CrossbarParams) -> Array:
    """Return ``conductance`` [row, col] in S as float64, checked.

    Raises:
        ParameterError: If the shape differs from the array's, or a value is negative or not finite.
    """
    g = np.asarray(conductance, dtype=np.float64)
    if g.shape[-2:] != crossbar.shape or g.ndim != 2:
        msg = (
            f"conductance has shape {g.shape} but the array is {crossbar.rows}x{crossbar.cols} "
            "[row, col]; split larger matrices into tiles first"
        )
        raise ParameterError(msg)
    _refuse(g, ~np.isfinite(g) | (g < 0), "conductance", "S", "finite and not negative")
    return g


def check_inputs(v_row: ArrayLike, rows: int) -> Array:
    """Return ``v_row`` [batch, row] in V as float64, checked; a single vector becomes a batch of 1."""
    v = np.atleast_2d(np.asarray(v_row, dtype=np.float64))
    if v.ndim != 2 or v.shape[1] != rows or v.shape[0] == 0:
        msg = f"v_row has shape {v.shape} but must be [batch, row] with {rows} rows"
        raise ParameterError(msg)
    _refuse(v, ~np.isfinite(v), "v_row", "V", "finite")
    return v


def check_active(active: ArrayLike | None, rows: int) -> NDArray[np.bool_]:
    """Return the mask [row] of rows that carry an input; all of them when none is given.

    Raises:
        ParameterError: If the mask is not one truth value per row.
    """
    if active is None:
        return np.ones(rows, dtype=np.bool_)
    mask = np.asarray(active)
    if mask.shape != (rows,) or mask.dtype != np.bool_:
        msg = (
            f"active has shape {mask.shape} and type {mask.dtype}; give {rows} booleans, one a row"
        )
        raise ParameterError(msg)
    return mask


def check_segments(
    ohms: ArrayLike | None, name: str, default: float, shape: tuple[int, int]
) -> Array:
    """Return the resistance of every wire segment, shape as asked, in Ω.

    Raises:
        ParameterError: If the shape differs, or a value is negative or not finite.
    """
    if ohms is None:
        return np.full(shape, default)
    values = np.asarray(ohms, dtype=np.float64)
    if values.shape != shape:
        msg = f"{name} has shape {values.shape} but the array has segments {shape} [row, col]"
        raise ParameterError(msg)
    _refuse(values, ~np.isfinite(values) | (values < 0), name, "Ω", "finite and not negative")
    return values


def _refuse(values: Array, bad: NDArray[np.bool_], name: str, unit: str, rule: str) -> None:
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        msg = (
            f"{name}{list(first)} is {float(values[first])!r} {unit}: every value must be {rule} "
            f"({int(bad.sum())} of {bad.size} are not)"
        )
        raise ParameterError(msg)
