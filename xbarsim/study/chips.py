"""This module is one measurement of a study: a network on one chip, or in software."""

import time
from collections.abc import Callable

from torch import nn

from xbarsim.cures import adapt_norm
from xbarsim.data import Dataset
from xbarsim.hardware import ReadParams, layer_summaries, to_crossbar
from xbarsim.hardware.recheck import recheck_tiles
from xbarsim.learning import measure_accuracy, search_thresholds
from xbarsim.parameters import CrossbarParams, DeviceParams
from xbarsim.study.condition import Condition
from xbarsim.study.networks import SEARCH_IMAGES, fingerprint
from xbarsim.study.rows import StudyRow
from xbarsim.study.store import Measured
from xbarsim.validation import ValidationRecord


def measure_software(
    row: StudyRow,
    network: nn.Module,
    data: Dataset,
    *,
    on_image: Callable[[int], None] | None = None,
) -> Measured:
    """Measure a network as it is."""
    began = time.monotonic()
    accuracy, rates = _run(row, network, data, on_image)
    return Measured(
        row.key, fingerprint(network), len(data.test_images), None, -1, accuracy, rates, (),
        time.monotonic() - began,
    )  # fmt: skip


def measure_chip(
    row: StudyRow,
    network: nn.Module,
    data: Dataset,
    condition: Condition,
    crossbar: CrossbarParams,
    device: DeviceParams,
    record: ValidationRecord | None,
    *,
    chip: int,
    paranoid: float | None = None,
    on_image: Callable[[int], None] | None = None,
) -> Measured:
    """Put a network on one chip and measure it.

    Args:
        row: The row.
        network: The row's network in software.
        data: Data set; all of its test images are used.
        condition: Gain, variation, wires, cure.
        crossbar: Wires of the device; the condition says the size and whether they count. [Ω]
        device: Device; the condition says whether its variation counts. [S]
        record: Evidence for the arrays; only wires that resist need it.
        chip: Number of the chip.
        paranoid: Share of the tiles to solve again by the other oracle; see ``recheck_tiles``.
        on_image: Called with the number of images just classified.

    Raises:
        OutOfValidatedRangeError: If the record does not cover the arrays.
        SolveError: If the other oracle disagrees.
    """
    began = time.monotonic()
    array = crossbar.replace(rows=condition.tile, cols=condition.tile)
    hardware = to_crossbar(
        network,
        array,
        device if condition.variation else device.replace(sigma=0.0),
        record=record if condition.wires else None,
        allow_unvalidated=not condition.wires,
        reading=ReadParams(ir_drop="exact" if condition.wires else "ideal"),
        gain=condition.gain,
        compensated=condition.compensated,
        chip=chip,
        wrap=recheck_tiles(array, share=paranoid) if paranoid and condition.wires else None,
    )
    raw = tuple(layer.raw_gain for layer in layer_summaries(hardware))
    if condition.thresholds == "chip" and row.steps is not None:
        hardware = search_thresholds(hardware, data.train_images[:SEARCH_IMAGES], row.steps)
    if condition.adaptation:
        samples = data.train_images[: condition.adaptation]
        hardware = adapt_norm(hardware, samples, row.steps or 0)
    accuracy, rates = _run(row, hardware, data, on_image)
    return Measured(
        row.key, fingerprint(network), len(data.test_images), condition.plain, chip,
        accuracy, rates, raw, time.monotonic() - began,
    )  # fmt: skip


def _run(
    row: StudyRow, network: nn.Module, data: Dataset, on_image: Callable[[int], None] | None
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return accuracy after each time-step and spike rates per layer."""
    accuracy, rates = measure_accuracy(network, data, row.steps or 0, on_batch=on_image)
    return tuple(accuracy.tolist()), tuple(rates.mean(axis=1).tolist())
