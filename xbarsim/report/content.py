"""This module is what goes into a report: figures with their data, tables, and sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xbarsim.study import AccuracyRow
from xbarsim.validation import ValidationRecord

Column = Sequence[float | int | str]


@dataclass(frozen=True)
class Picture:
    """A figure with its title, what to see in it, and the numbers that it shows.

    Attributes:
        title: Heading.
        caption: What to see.
        figure: The matplotlib figure.
        data: Columns of equal length, by name with unit.
    """

    title: str
    caption: str
    figure: Any
    data: Mapping[str, Column]


@dataclass(frozen=True)
class Slides:
    """Pictures of the same thing under different inputs, one shown at a time.

    Attributes:
        title: Heading.
        pictures: One for each input.
    """

    title: str
    pictures: Sequence[Picture]


@dataclass(frozen=True)
class Report:
    """What goes into the report.

    Attributes:
        title: Heading.
        record: The evidence.
        rows: Accuracy table; may be empty.
        pictures: Further figures.
        facts: Name and value of parameters and versions.
        notes: Sentences under the table.
    """

    title: str
    record: ValidationRecord
    rows: list[AccuracyRow] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
