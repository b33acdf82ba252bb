"""This module is how a model is judged against reference currents; every denominator is named."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_LEAST = 1e-18
_LARGEST = 1e9


@dataclass(frozen=True)
class CircuitErrors:
    """One circuit's outputs, each divided by the circuit's full scale max|i_ref|.

    Attributes:
        model: model's current / full scale, [batch, col].
        reference: reference / full scale, [batch, col].
        ideal: current without wires / full scale, [batch, col].
        density: Share of driven rows of each vector, [batch].
        size: Rows and columns, as text.
        vector: Number of each vector in its circuit, [batch].
    """

    model: Array
    reference: Array
    ideal: Array
    density: Array
    size: str
    vector: NDArray[np.int64]

    @property
    def error(self) -> Array:
        """(model - reference) / full scale, [batch, col]; a diverged model counts as 1e9."""
        return np.nan_to_num(self.model - self.reference, nan=_LARGEST, posinf=_LARGEST)


def circuit_errors(
    model: Array, reference: Array, ideal: Array, *, density: Array | None = None, size: str = ""
) -> CircuitErrors:
    """Scale one circuit's currents [batch, col] by its full scale; drop vectors without an answer."""
    scale = float(np.abs(reference).max()) or 1.0
    said = ~np.isnan(model).all(axis=1)
    shares = np.ones(len(model)) if density is None else density
    return CircuitErrors(
        model[said] / scale, reference[said] / scale, ideal[said] / scale, shares[said], size,
        np.flatnonzero(said),
    )  # fmt: skip


def summarise(circuits: list[CircuitErrors]) -> dict[str, float]:
    r"""Return the figures of merit over all circuits.

    ``max_error`` and ``p99_error`` of |model - reference| relative to the circuit's full scale,
    ``nrmse`` its root mean square, ``bias`` its mean. What the model predicts of the wires' cost,
    and ngspice's answer (``reference_...``): ``nonideality_raw`` = mean over outputs of
    (I_ideal - I)/I_ideal, ``nonideality_after_gain`` = rms(I_ideal - a_j I) / rms(I_ideal) with one
    least-squares gain a_j per column and circuit.
    """
    return _combined([_Parts.of(circuit) for circuit in circuits])


@dataclass(frozen=True)
class _Parts:
    """What one circuit adds to the figures; resampling adds these up again and again."""

    error: Array
    raw: dict[str, tuple[float, int]]
    gain: dict[str, tuple[float, float]]

    @classmethod
    def of(cls, circuit: CircuitErrors) -> "_Parts":
        fields = {"": "model", "reference_": "reference"}
        return cls(
            circuit.error.ravel(),
            {prefix: _nonideality(circuit, field) for prefix, field in fields.items()},
            {prefix: _after_gain(circuit, field) for prefix, field in fields.items()},
        )


def _combined(parts: list[_Parts]) -> dict[str, float]:
    error = np.concatenate([part.error for part in parts])
    figures = error_figures(error) | {"bias": float(error.mean())}
    for prefix in ("", "reference_"):
        total, count = (sum(part.raw[prefix][k] for part in parts) for k in (0, 1))
        left, whole = (sum(part.gain[prefix][k] for part in parts) for k in (0, 1))
        figures[f"{prefix}nonideality_raw"] = total / max(count, 1)
        share = np.sqrt(left / max(whole, np.finfo(float).tiny))
        figures[f"{prefix}nonideality_after_gain"] = float(share)
    return figures


def error_figures(error: Array) -> dict[str, float]:
    """Return the largest, the 99th percentile and the root mean square of |error|."""
    size = np.abs(error)
    return {
        "max_error": float(size.max()),
        "p99_error": float(np.quantile(size, 0.99)),
        "nrmse": float(np.sqrt(np.mean(error**2))),
    }


def bootstrap(
    circuits: list[CircuitErrors], *, seed: int, resamples: int = 200
) -> dict[str, tuple[float, float]]:
    """Return 95 % percentile intervals of every figure of merit, resampling whole circuits.

    Outputs of one circuit are not independent, so circuits are drawn and not outputs. The interval
    of a maximum only tells how much it hangs on single circuits.
    """
    draw = np.random.default_rng(seed)
    parts = [_Parts.of(circuit) for circuit in circuits]
    samples = [
        _combined([parts[k] for k in draw.integers(len(parts), size=len(parts))])
        for _ in range(resamples)
    ]
    return {
        name: (
            float(np.quantile([sample[name] for sample in samples], 0.025)),
            float(np.quantile([sample[name] for sample in samples], 0.975)),
        )
        for name in samples[0]
    }


def p99_interval(
    circuits: list[CircuitErrors], *, seed: int, resamples: int = 100
) -> tuple[float, float]:
    """Return the bootstrap 95 % interval of the p99 error alone; it decides when to stop."""
    errors = [np.abs(c.error.ravel()) for c in circuits]
    draw = np.random.default_rng(seed)
    found = []
    for _ in range(resamples):
        chosen = [errors[k] for k in draw.integers(len(errors), size=len(errors))]
        found.append(np.quantile(np.concatenate(chosen), 0.99))
    return float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975))


def _nonideality(circuit: CircuitErrors, field: str) -> tuple[float, int]:
    """Return the sum of (I_ideal - I)/I_ideal over driven outputs, and their number."""
    ideal, current = circuit.ideal.ravel(), getattr(circuit, field).ravel()
    driven = np.abs(ideal) > 0
    return float((1.0 - current[driven] / ideal[driven]).sum()), int(driven.sum())


def _after_gain(circuit: CircuitErrors, field: str) -> tuple[float, float]:
    current: Array = getattr(circuit, field)
    power = (current**2).sum(axis=0)
    together = (current * circuit.ideal).sum(axis=0)
    gain = np.divide(together, power, out=np.ones_like(power), where=power > 0)
    left = circuit.ideal - gain * current
    return float((left**2).sum()), float((circuit.ideal**2).sum())


def histogram(circuits: list[CircuitErrors], bins: int = 40) -> dict[str, list[Any]]:
    """Return counts of log10|error| over all outputs, exact zeros in the lowest bin."""
    error = np.abs(np.concatenate([c.error.ravel() for c in circuits]))
    logs = np.log10(np.maximum(error, _LEAST))
    counts, edges = np.histogram(logs, bins=bins)
    return {"log10_edges": [round(float(e), 6) for e in edges], "counts": counts.tolist()}
