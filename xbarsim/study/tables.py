"""This module is a study's tables: means over chips with their intervals, beside the paper's values."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import t as student

from xbarsim.study.condition import Condition
from xbarsim.study.rows import StudyRow
from xbarsim.study.store import Measured

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

NOT_TRAINED = "not yet trained"


@dataclass(frozen=True)
class TableLine:
    """One network under one condition, after its last time-step; accuracies in percent.

    Attributes:
        row: Name of the study's row.
        method: How the network learned.
        steps: Time-steps; None without time.
        condition: Tile, gain and the rest, in words.
        images: Test images.
        chips: Chips.
        software: Accuracy in software.
        hardware: Mean over chips; None when the network is not trained.
        interval: Half width of the 95 % interval of that mean (Student's t); None for one chip.
        drop: (software - hardware) / software of the means. [%]
        raw_gain: Mean over layers and chips of the scale that raw currents would need.
        paper_software: What the paper reports.
        paper_hardware: What the paper reports at this tile size.
        command: What trains a network that is not trained yet.
        note: Why there is no such chip.
    """

    row: str
    method: str
    steps: int | None
    condition: str
    images: int
    chips: int
    software: float | None
    hardware: float | None
    interval: float | None
    drop: float | None
    raw_gain: float | None
    paper_software: float | None
    paper_hardware: float | None
    command: str
    note: str = ""


def table_lines(
    rows: list[StudyRow], conditions: list[Condition], found: Iterable[Measured]
) -> list[TableLine]:
    """Return one line for every row and condition; untrained rows say so and name the command."""
    measured = list(found)
    lines = []
    for row in rows:
        own = [m for m in measured if m.row == row.key]
        soft = next((m for m in own if m.condition is None), None)
        for condition in conditions:
            chips = [m for m in own if m.condition == condition.plain]
            if soft is None or chips:
                lines.append(_line(row, condition, soft, chips))
    return lines


def _line(
    row: StudyRow, condition: Condition, soft: Measured | None, chips: list[Measured]
) -> TableLine:
    values = 100 * np.array([m.accuracy[-1] for m in chips if not m.failure])
    n = len(values)
    software = None if soft is None else 100 * soft.accuracy[-1]
    hardware = float(values.mean()) if n else None
    gains = [gain for m in chips for gain in m.raw_gain]
    return TableLine(
        row=row.key,
        method=row.label,
        steps=row.steps,
        condition=condition.words,
        images=0 if soft is None else soft.images,
        chips=n,
        software=software,
        hardware=hardware,
        interval=half_width(values) if n > 1 else None,
        drop=100 * (software - hardware) / software if software and hardware is not None else None,
        raw_gain=float(np.mean(gains)) if gains else None,
        paper_software=row.paper_software,
        paper_hardware=row.paper(condition.tile),
        command="" if soft else row.trained_by,
        note=next((m.failure for m in chips if m.failure), ""),
    )


def half_width(values: np.ndarray) -> float:
    """Return the half width of the 95 % interval of the mean (Student's t)."""
    n = len(values)
    return float(student.ppf(0.975, n - 1) * values.std(ddof=1) / n**0.5)


def as_csv(lines: "Sequence[DataclassInstance]") -> str:
    """Return lines as CSV, one column a field; nothing for no lines."""
    stream = io.StringIO()
    if lines:
        names = [field.name for field in fields(lines[0])]
        writer = csv.DictWriter(stream, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(line) for line in lines)
    return stream.getvalue()


def as_markdown(lines: list[TableLine], title: str, command: str) -> str:
    """Return the lines as a Markdown table under a title, with the command that re-creates them."""
    head = (
        "| network | T | chip | images | software [%] | hardware [%], 95 % interval | "
        "relative drop [%] | paper: software / hardware [%] |"
    )
    ruler = "| --- " * 8 + "|"
    body = [_markdown_line(line) for line in lines]
    return "\n".join([f"# {title}", "", f"Re-create: `{command}`", "", head, ruler, *body]) + "\n"


def _markdown_line(line: TableLine) -> str:
    paper = f"{percent(line.paper_software)} / {percent(line.paper_hardware)}"
    head = f"| {line.method} | {line.steps or '-'} | {line.condition} |"
    if line.note and line.hardware is None:
        return f"{head} {line.images} | {percent(line.software)} | {line.note} | - | {paper} |"
    if line.hardware is None or line.software is None:
        return f"{head} - | {NOT_TRAINED}: `{line.command}` | - | - | {paper} |"
    interval = "" if line.interval is None else f" ± {line.interval:.2f} ({line.chips} chips)"
    return (
        f"{head} {line.images} | {line.software:.2f} | {line.hardware:.2f}{interval} | "
        f"{percent(line.drop)} | {paper} |"
    )


def percent(value: float | None) -> str:
    """Write a percentage, or a dash for none."""
    return "-" if value is None else f"{value:.2f}"
