"""This module is what a study's figures draw, as tables: rates by layer, accuracy by time-step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xbarsim.study.condition import Condition
from xbarsim.study.rows import StudyRow
from xbarsim.study.store import Measured


@dataclass(frozen=True)
class RateLine:
    """Mean spikes of one layer of neurons, over images, steps and chips.

    Attributes:
        row: Name of the study's row.
        condition: In words; "software" in software.
        layer: Number of the layer of neurons, from 1.
        rate: Spikes per neuron and step.
    """

    row: str
    condition: str
    layer: int
    rate: float


@dataclass(frozen=True)
class StepLine:
    """Accuracy after one time-step, in percent.

    Attributes:
        row: Name of the study's row.
        condition: In words; "software" in software.
        step: Time-steps done.
        accuracy: Mean over chips.
    """

    row: str
    condition: str
    step: int
    accuracy: float


def rate_lines(
    rows: Sequence[StudyRow], conditions: Sequence[Condition], found: Sequence[Measured]
) -> list[RateLine]:
    """Return spike rates of every spiking network, layer by layer."""
    return [
        RateLine(row, words, k + 1, float(rate))
        for row, words, chips in _cases(rows, conditions, found)
        for k, rate in enumerate(_mean([m.rates for m in chips]))
    ]


def step_lines(
    rows: Sequence[StudyRow], conditions: Sequence[Condition], found: Sequence[Measured]
) -> list[StepLine]:
    """Return the accuracy of every spiking network, step by step. [%]"""
    return [
        StepLine(row, words, k + 1, 100 * float(accuracy))
        for row, words, chips in _cases(rows, conditions, found)
        for k, accuracy in enumerate(_mean([m.accuracy for m in chips]))
    ]


def _cases(
    rows: Sequence[StudyRow], conditions: Sequence[Condition], found: Sequence[Measured]
) -> Iterator[tuple[str, str, list[Measured]]]:
    """Yield name, words and measurements of spiking networks, the one in software first."""
    for row in rows:
        own = [m for m in found if m.row == row.key and m.rates]
        for condition in (None, *conditions):
            plain = None if condition is None else condition.plain
            chips = [m for m in own if m.condition == plain]
            if chips:
                yield row.key, "software" if condition is None else condition.words, chips


def _mean(values: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    return np.asarray(np.mean(values, axis=0))
