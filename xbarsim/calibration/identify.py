"""This module is what measured data can tell apart: conditioning, and parameters that hide together."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_ALIKE = 0.99
_ILL = 1e4
_VAGUE = 0.1
_UNSEEN = 1e-8


@dataclass(frozen=True)
class Identifiability:
    """What a set of measurements identifies.

    Attributes:
        condition: Condition number of the sensitivities to relative changes of each parameter.
        confounded: Pairs whose estimates move together (|correlation| > 0.99).
        weakest: Share of each parameter in the combination that the data knows least.
        vague: Parameters whose standard error is more than a tenth of their value.
        advice: What further measurement would help, in words; empty when all is well.
    """

    condition: float
    confounded: tuple[tuple[str, str, float], ...]
    weakest: dict[str, float]
    vague: tuple[str, ...] = ()
    advice: str = ""

    @property
    def weak(self) -> bool:
        """Whether a further measurement is worth looking for."""
        return bool(self.confounded or self.vague) or self.condition > _ILL

    def advised(self, advice: str) -> "Identifiability":
        """Return the same judgement with advice."""
        return replace(self, advice=advice)


def identifiability(
    names: list[str], sizes: Array, jacobian: Array, noise: float
) -> Identifiability:
    """Judge weighted sensitivities [output, parameter], relative to ``sizes``, under noise."""
    relative = jacobian * sizes
    _, strength, directions = np.linalg.svd(relative, full_matrices=False)
    condition = float(strength[0] / strength[-1]) if strength[-1] > 0 else float("inf")
    covariance = relative_covariance(relative)
    spread = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(spread, spread)
    pairs = tuple(
        (names[a], names[b], float(correlation[a, b]))
        for a in range(len(names))
        for b in range(a + 1, len(names))
        if abs(correlation[a, b]) > _ALIKE
    )
    weakest = {n: float(w) for n, w in zip(names, directions[-1] ** 2, strict=True)}
    vague = tuple(n for n, s in zip(names, spread * noise, strict=True) if s > _VAGUE)
    return Identifiability(condition, pairs, weakest, vague)


def relative_covariance(relative: Array) -> Array:
    """Return (J^T J)^-1 of sensitivities to relative changes, [parameter, parameter].

    Directions that the data does not see, to the accuracy of the sensitivities, stay huge: a
    pseudo-inverse would call them certain.
    """
    _, strength, directions = np.linalg.svd(relative, full_matrices=False)
    kept = np.maximum(strength, _UNSEEN * strength[0])
    return np.asarray((directions.T / kept**2) @ directions)
