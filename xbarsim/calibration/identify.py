"""This module is what measured data can tell apart: conditioning, and parameters that hide together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_ALIKE = 0.99
_ILL = 1e4


@dataclass(frozen=True)
class Identifiability:
    """What a set of measurements identifies.

    Attributes:
        condition: Condition number of the sensitivities to relative changes of each parameter.
        confounded: Pairs whose estimates move together (|correlation| > 0.99).
        weakest: Share of each parameter in the combination that the data knows least.
        advice: What further measurement would help, in words; empty when all is well.
    """

    condition: float
    confounded: tuple[tuple[str, str, float], ...]
    weakest: dict[str, float]
    advice: str


def identifiability(names: list[str], values: Array, jacobian: Array) -> Identifiability:
    """Judge sensitivities [output, parameter] at the fitted values."""
    relative = jacobian * np.where(values == 0, 1.0, np.abs(values))
    _, strength, directions = np.linalg.svd(relative, full_matrices=False)
    condition = float(strength[0] / strength[-1]) if strength[-1] > 0 else float("inf")
    inverse = np.linalg.pinv(relative.T @ relative, hermitian=True)
    spread = np.sqrt(np.maximum(np.diag(inverse), np.finfo(float).tiny))
    correlation = inverse / np.outer(spread, spread)
    pairs = tuple(
        (names[a], names[b], float(correlation[a, b]))
        for a in range(len(names))
        for b in range(a + 1, len(names))
        if abs(correlation[a, b]) > _ALIKE
    )
    weakest = {n: float(w) for n, w in zip(names, directions[-1] ** 2, strict=True)}
    return Identifiability(condition, pairs, weakest, _advice(pairs, condition, weakest))


def _advice(
    pairs: tuple[tuple[str, str, float], ...], condition: float, weakest: dict[str, float]
) -> str:
    """Say which measurement separates what this data does not."""
    if not pairs and condition < _ILL:
        return ""
    involved = {name for pair in pairs for name in pair[:2]} | {
        max(weakest, key=weakest.__getitem__)
    }
    hints = []
    if {"r_driver", "r_wire_row"} & involved:
        hints.append("program single columns to G_max, near the driver and far from it")
    if {"r_sense", "r_wire_col"} & involved:
        hints.append("drive single rows, near the sense end and far from it")
    if {"g_scale", "g_offset"} & involved:
        hints.append("measure the same array again with all cells at G_min")
    return "; ".join(hints) or "drive single rows and program single columns"
