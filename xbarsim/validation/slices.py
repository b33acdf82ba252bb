"""This module is where errors lie: by size of the array, density of the input, and column."""

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from xbarsim.parameters.base import Parameters
from xbarsim.validation.metrics import CircuitErrors, error_figures

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

_DENSITY_EDGES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.6, 1.0)
_POSITIONS = 8
_POINTS = 240


class Slice(Parameters):
    """The errors of a part of the outputs."""

    kind: str
    """``size``, ``density`` or ``column``."""
    label: str
    """Rows and columns; share of driven rows; position among the columns, 0 next to the drivers."""
    n_outputs: int
    """Column currents in it."""
    max_error: float
    """Largest error, relative to the circuit's full scale."""
    p99_error: float
    """99th percentile of the same."""
    nrmse: float
    """Root mean square of the same."""


def all_slices(circuits: list[CircuitErrors]) -> tuple[Slice, ...]:
    """Return the slices by size, by density and by column, in this order; empty ones are left out."""
    found = [*_by_size(circuits), *_by_density(circuits), *_by_column(circuits)]
    return tuple(
        Slice(kind=kind, label=label, n_outputs=error.size, **error_figures(error))
        for kind, label, error in found
        if error.size
    )


def _by_size(circuits: list[CircuitErrors]) -> Iterator[tuple[str, str, Array]]:
    for size in dict.fromkeys(c.size for c in circuits):
        parts = [c.error.ravel() for c in circuits if c.size == size]
        yield "size", size, np.concatenate(parts)


def _by_density(circuits: list[CircuitErrors]) -> Iterator[tuple[str, str, Array]]:
    for low, high in itertools.pairwise(_DENSITY_EDGES):
        parts = [c.error[(c.density > low) & (c.density <= high)].ravel() for c in circuits]
        yield "density", f"{low:g} to {high:g}", np.concatenate(parts)


def _by_column(circuits: list[CircuitErrors]) -> Iterator[tuple[str, str, Array]]:
    for k in range(_POSITIONS):
        parts = [c.error[:, _position(c) == k].ravel() for c in circuits]
        yield "column", f"{(k + 0.5) / _POSITIONS:g}", np.concatenate(parts)


def _position(circuit: CircuitErrors) -> NDArray[np.int64]:
    cols = circuit.reference.shape[1]
    bins: NDArray[np.int64] = (np.arange(cols) * _POSITIONS) // cols
    return bins


def scatter(circuits: list[CircuitErrors], *, seed: int) -> list[tuple[float, float]]:
    """Return some (reference, model) pairs for a picture, drawn evenly from all outputs."""
    reference = np.concatenate([c.reference.ravel() for c in circuits])
    model = np.concatenate([c.model.ravel() for c in circuits])
    count = min(_POINTS, reference.size)
    chosen = np.random.default_rng(seed).choice(reference.size, count, replace=False)
    chosen = chosen[np.isfinite(model[chosen])]
    return [(float(f"{reference[k]:.6g}"), float(f"{model[k]:.6g}")) for k in np.sort(chosen)]
