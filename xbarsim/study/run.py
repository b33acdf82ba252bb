"""This module is a whole study: every row under every condition on every chip, resumable."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from xbarsim.data import Dataset
from xbarsim.errors import InfeasibleError
from xbarsim.parameters import CrossbarParams, DeviceParams
from xbarsim.study.chips import measure_chip, measure_software
from xbarsim.study.condition import Condition
from xbarsim.study.networks import fingerprint, row_network
from xbarsim.study.rows import StudyRow
from xbarsim.study.store import Measured, StudyStore, key_of
from xbarsim.validation import ValidationRecord


@dataclass(frozen=True)
class StudyPlan:
    """What to measure.

    Attributes:
        rows: Networks of one data set.
        conditions: How they are put on chips.
        chips: Chips per condition that has variation; one is enough without.
        images: Test images, the first so many; None for all.
        checkpoints: Folder of the checkpoints.
        crossbar: Wires; the conditions say the size. [Ω]
        device: Device. [S]
        record: Evidence for the arrays.
        paranoid: Share of the tiles to solve again by the other oracle; None for none.
    """

    rows: list[StudyRow]
    conditions: list[Condition]
    chips: int
    images: int | None
    checkpoints: Path
    crossbar: CrossbarParams
    device: DeviceParams
    record: ValidationRecord | None
    paranoid: float | None = None

    def jobs(self) -> list[tuple[StudyRow, Condition | None, int]]:
        """Return every measurement, software first."""
        jobs: list[tuple[StudyRow, Condition | None, int]] = []
        for row in self.rows:
            jobs.append((row, None, -1))
            for condition in self.conditions:
                if not condition.suits(row.method):
                    continue
                chips = self.chips if condition.variation else 1
                jobs += [(row, condition, chip) for chip in range(chips)]
        return jobs


def run_study(
    plan: StudyPlan,
    data: Dataset,
    store: StudyStore,
    *,
    on_job: Callable[[StudyRow, Condition | None, int], None] | None = None,
) -> Iterator[Measured]:
    """Measure what the store lacks, and yield every measurement of the plan.

    Rows whose network is not trained yet yield nothing.

    Raises:
        OutOfValidatedRangeError: If the record does not cover the arrays.
    """
    images = replace(
        data,
        test_images=data.test_images[: plan.images],
        test_labels=data.test_labels[: plan.images],
    )
    row, network, mark = None, None, ""
    for wanted, condition, chip in plan.jobs():
        if wanted is not row:
            row, network = wanted, row_network(wanted, plan.checkpoints, images)
            mark = fingerprint(network) if network is not None else ""
        if network is not None:
            found = store.get(key_of(row.key, mark, len(images.test_images), condition, chip))
            if found is None:
                found = _measure(plan, row, network, images, condition, chip)
                store.put(found)
            yield found
        if on_job is not None:
            on_job(wanted, condition, chip)


def _measure(
    plan: StudyPlan,
    row: StudyRow,
    network: nn.Module,
    data: Dataset,
    condition: Condition | None,
    chip: int,
) -> Measured:
    if condition is None:
        return measure_software(row, network, data)
    try:
        return measure_chip(
            row, network, data, condition, plan.crossbar, plan.device, plan.record, chip=chip,
            paranoid=plan.paranoid,
        )  # fmt: skip
    except InfeasibleError as error:
        images, mark = len(data.test_images), fingerprint(network)
        return Measured(
            row.key, mark, images, condition.plain, chip, (), (), (), 0.0, failure=str(error)
        )
