"""This module is how a model is judged against reference currents; every denominator is named."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CircuitErrors:
    """One circuit's outputs, each divided by the circuit's full scale max|i_ref|.

    Attributes:
        error: (model - reference) / full scale, [batch, col].
        reference: reference / full scale, [batch, col].
        ideal: current without wires / full scale, [batch, col].
    """

    error: Array
    reference: Array
    ideal: Array


def circuit_errors(model: Array, reference: Array, ideal: Array) -> CircuitErrors:
    """Scale one circuit's currents [batch, col] by its full scale."""
    scale = float(np.abs(reference).max()) or 1.0
    return CircuitErrors((model - reference) / scale, reference / scale, ideal / scale)


def summarise(circuits: list[CircuitErrors]) -> dict[str, float]:
    r"""Return the figures of merit over all circuits.

    ``max_error`` and ``p99_error`` of |model - reference| relative to the circuit's full scale,
    ``nrmse`` its root mean square, ``bias`` its mean; ``nonideality_raw`` = mean over outputs of
    (I_ideal - I_ref)/I_ideal, ``nonideality_after_gain`` = rms(I_ideal - a_j I_ref) / rms(I_ideal)
    with one least-squares gain a_j per column and circuit.
    """
    error = np.concatenate([c.error.ravel() for c in circuits])
    raw = np.concatenate([_nonideality(c) for c in circuits])
    left, whole = (sum(values) for values in zip(*map(_after_gain, circuits), strict=True))
    return {
        "max_error": float(np.abs(error).max()),
        "p99_error": float(np.quantile(np.abs(error), 0.99)),
        "nrmse": float(np.sqrt(np.mean(error**2))),
        "bias": float(error.mean()),
        "nonideality_raw": float(raw.mean()),
        "nonideality_after_gain": float(np.sqrt(left / max(whole, np.finfo(float).tiny))),
    }


def bootstrap(
    circuits: list[CircuitErrors], *, seed: int, resamples: int = 200
) -> dict[str, tuple[float, float]]:
    """Return 95 % percentile intervals of every figure of merit, resampling whole circuits.

    Outputs of one circuit are not independent, so circuits are drawn and not outputs. The interval
    of a maximum only tells how much it hangs on single circuits.
    """
    draw = np.random.default_rng(seed)
    samples = [
        summarise([circuits[k] for k in draw.integers(len(circuits), size=len(circuits))])
        for _ in range(resamples)
    ]
    return {
        name: (
            float(np.quantile([sample[name] for sample in samples], 0.025)),
            float(np.quantile([sample[name] for sample in samples], 0.975)),
        )
        for name in samples[0]
    }


def _nonideality(circuit: CircuitErrors) -> Array:
    ideal, reference = circuit.ideal.ravel(), circuit.reference.ravel()
    driven = np.abs(ideal) > 0
    return np.asarray(1.0 - reference[driven] / ideal[driven])


def _after_gain(circuit: CircuitErrors) -> tuple[float, float]:
    power = (circuit.reference**2).sum(axis=0)
    together = (circuit.reference * circuit.ideal).sum(axis=0)
    gain = np.divide(together, power, out=np.ones_like(power), where=power > 0)
    left = circuit.ideal - gain * circuit.reference
    return float((left**2).sum()), float((circuit.ideal**2).sum())


def histogram(circuits: list[CircuitErrors], bins: int = 40) -> dict[str, list[Any]]:
    """Return counts of log10|error| over all outputs, exact zeros in the lowest bin."""
    error = np.abs(np.concatenate([c.error.ravel() for c in circuits]))
    logs = np.log10(np.maximum(error, 1e-18))
    counts, edges = np.histogram(logs, bins=bins)
    return {"log10_edges": [round(float(e), 6) for e in edges], "counts": counts.tolist()}
