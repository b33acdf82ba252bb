"""This module is the measurement of a network, in software and on chips: studies, demo, cures."""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from torch import nn

from xbarsim.data import Dataset
from xbarsim.hardware import layer_summaries
from xbarsim.learning import measure_accuracy
from xbarsim.study.condition import Condition
from xbarsim.study.design import Design, Hardware
from xbarsim.study.store import Measured
from xbarsim.study.subject import Subject

Known = Callable[[Condition, int], Measured | None]


def measure_software(
    subject: Subject, data: Dataset, *, on_image: Callable[[int], None] | None = None
) -> Measured:
    """Measure a network as it is, on all test images of ``data``."""
    began = time.monotonic()
    accuracy, rates = _run(subject, subject.network, data, on_image)
    return Measured(
        subject.key, subject.fingerprint, len(data.test_images), None, -1, accuracy, rates, (),
        time.monotonic() - began,
    )  # fmt: skip


def measure_chips(
    subject: Subject,
    conditions: Sequence[Condition],
    hardware: Hardware,
    data: Dataset,
    chips: int,
    *,
    known: Known = lambda _condition, _chip: None,
    on_image: Callable[[int], None] | None = None,
) -> Iterator[tuple[Condition, int, Measured]]:
    """Put a network on chips under every condition and yield condition, number and measurement.

    What conditions have in common is worked out once: training through arrays and compensation for
    all chips, the tiles of a chip for all gains and for all that is done to the chip afterwards.
    The order of what is yielded follows that.

    Args:
        subject: The network.
        conditions: How it is put on chips.
        hardware: Arrays and cells.
        data: Data set; all of its test images are used.
        chips: Chips per condition that has variation, numbered from 0; one is enough without.
        known: Returns a measurement that need not be made again, or None.
        on_image: Called with the number of images just classified.

    Raises:
        OutOfValidatedRangeError: If the record does not cover the arrays.
        SolveError: If the other oracle disagrees.
    """
    for _, alike in groupby(_sorted(conditions, "design"), key=lambda c: c.design):
        group = list(alike)
        design = Design(subject, group[0], hardware, data)
        for _, same in groupby(_sorted(group, "programming"), key=lambda c: c.programming):
            programmed = list(same)
            for chip in range(chips if programmed[0].variation else 1):
                found = {c: known(c, chip) for c in programmed}
                todo = [c for c, measured in found.items() if measured is None]
                yield from ((c, chip, m) for c, m in found.items() if m is not None)
                yield from ((c, chip, m) for c, m in _measure(design, todo, chip, on_image))


def _sorted(conditions: Sequence[Condition], name: str) -> list[Condition]:
    """Put conditions that share ``name`` side by side, in the order of their first appearance."""
    keys = list(dict.fromkeys(getattr(c, name) for c in conditions))
    return sorted(dict.fromkeys(conditions), key=lambda c: keys.index(getattr(c, name)))


def _measure(
    design: Design,
    conditions: Sequence[Condition],
    number: int,
    on_image: Callable[[int], None] | None,
) -> Iterator[tuple[Condition, Measured]]:
    """Measure one chip under conditions of the same programming."""
    if not conditions:
        return
    # Time that went into the design counts for itself, not for the first chip.
    _ = design.seconds
    if design.failure:
        yield from ((c, _failed(design, c, number)) for c in conditions)
        return
    began = time.monotonic()
    chips = design.chips(conditions[0], list(dict.fromkeys(c.gain for c in conditions)), number)
    making = (time.monotonic() - began) / len(conditions)
    for condition in conditions:
        yield condition, _judged(design, condition, chips[condition.gain], number, making, on_image)


def _judged(
    design: Design,
    condition: Condition,
    chip: nn.Module,
    number: int,
    making: float,
    on_image: Callable[[int], None] | None,
) -> Measured:
    """Do to a chip what the condition says, and measure it."""
    layers = layer_summaries(chip)
    began = time.monotonic()
    treated = design.treated(chip, condition)
    treating = time.monotonic() - began
    accuracy, rates = _run(design.subject, treated, design.data, on_image)
    residuals = [layer.residual for layer in layers if layer.residual is not None]
    kept = tuple(layer.kept_gain for layer in layers if layer.kept_gain is not None)
    return Measured(
        design.subject.key, design.subject.fingerprint, len(design.data.test_images),
        condition.plain, number, accuracy, rates, tuple(layer.raw_gain for layer in layers),
        making + time.monotonic() - began, once_s=design.seconds, chip_s=treating,
        residual=max(residuals, default=None), kept_gain=kept,
    )  # fmt: skip


def _failed(design: Design, condition: Condition, number: int) -> Measured:
    """Say why there is no such chip."""
    return Measured(
        design.subject.key, design.subject.fingerprint, len(design.data.test_images),
        condition.plain, number, (), (), (), 0.0, design.failure,
    )  # fmt: skip


def _run(
    subject: Subject,
    network: nn.Module,
    data: Dataset,
    on_image: Callable[[int], None] | None,
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return accuracy after each time-step and spike rates per layer."""
    accuracy, rates = measure_accuracy(
        network, data, subject.steps, encoder=subject.encoder, on_batch=on_image
    )
    return tuple(accuracy.tolist()), tuple(rates.mean(axis=1).tolist())
