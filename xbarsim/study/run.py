"""This module is a whole study: every row under every condition on every chip, resumable."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from xbarsim.data import Dataset
from xbarsim.study.chips import measure_chips, measure_software
from xbarsim.study.condition import Condition
from xbarsim.study.design import Hardware
from xbarsim.study.networks import row_subject
from xbarsim.study.rows import StudyRow
from xbarsim.study.store import Measured, StudyStore, key_of
from xbarsim.study.subject import Subject

OnJob = Callable[[StudyRow, Condition | None, int], None]


@dataclass(frozen=True)
class StudyPlan:
    """What to measure.

    Attributes:
        rows: Networks of one data set.
        conditions: How they are put on chips.
        chips: Chips per condition that has variation; one is enough without.
        images: Test images, the first so many; None for all.
        checkpoints: Folder of the checkpoints.
        hardware: Arrays and cells.
    """

    rows: list[StudyRow]
    conditions: list[Condition]
    chips: int
    images: int | None
    checkpoints: Path
    hardware: Hardware

    def suiting(self, row: StudyRow) -> list[Condition]:
        """Return the conditions that mean anything to a row."""
        return [c for c in self.conditions if c.suits(row.method)]

    def jobs(self) -> int:
        """Return how many measurements there are, software included."""
        return sum(
            1 + sum(self.chips if c.variation else 1 for c in self.suiting(row))
            for row in self.rows
        )


def run_study(
    plan: StudyPlan, data: Dataset, store: StudyStore, *, on_job: OnJob | None = None
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
    for row in plan.rows:
        subject = row_subject(row, plan.checkpoints, images)
        if subject is None:
            continue
        for condition, chip, found in _row(plan, subject, row, images, store):
            yield found
            if on_job is not None:
                on_job(row, condition, chip)


def _row(
    plan: StudyPlan, subject: Subject, row: StudyRow, data: Dataset, store: StudyStore
) -> Iterator[tuple[Condition | None, int, Measured]]:
    """Yield a row's measurements, the one in software first; what is new is kept."""

    def known(condition: Condition | None, chip: int) -> Measured | None:
        key = key_of(row.key, subject.fingerprint, len(data.test_images), condition, chip)
        return store.get(key)

    software = known(None, -1)
    if software is None:
        software = measure_software(subject, data)
        store.put(software)
    yield None, -1, software
    measurements = measure_chips(
        subject, plan.suiting(row), plan.hardware, data, plan.chips, known=known
    )
    for condition, chip, found in measurements:
        if store.get(found.key) is None:
            store.put(found)
        yield condition, chip, found
