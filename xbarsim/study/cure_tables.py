"""This module is the tables of cures: what each costs and gives back, and what they reach together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xbarsim.study.condition import Condition
from xbarsim.study.plans import attribution, drop_alone, ladder
from xbarsim.study.rows import StudyRow
from xbarsim.study.store import Measured
from xbarsim.study.subject import Subject
from xbarsim.study.tables import NOT_TRAINED, half_width, percent

Network = StudyRow | Subject

DROP_GOAL, REST_GOAL = 0.1, 1.0
"""Largest relative drop of IR drop alone, and of everything after all cures. [%]"""


@dataclass(frozen=True)
class CureLine:
    """One network after one cure, on several chips; accuracies in percent.

    Attributes:
        row: Name of the study's row.
        method: How the network learned.
        steps: Time-steps; None without time.
        cure: What was done, in words.
        needs: What it takes.
        once_s: Time of it, once for all chips. [s]
        chip_s: Mean time of it on every chip. [s]
        images: Test images.
        chips: Chips.
        software: Accuracy in software.
        before: Mean over chips of the same hardware without any cure; None where not measured.
        after: Mean over chips with the cure; None where there is no such chip.
        interval: Half width of its 95 % interval (Student's t); None for one chip.
        drop: (software - after) / software of the means. [%]
        residual: Largest residual of compensation in a layer; None without.
        kept_gain: Smallest gain of a compensated layer, over that of the layer as it was.
        note: Why there is no such chip.
    """

    row: str
    method: str
    steps: int | None
    cure: str
    needs: str
    once_s: float
    chip_s: float
    images: int
    chips: int
    software: float
    before: float | None
    after: float | None
    interval: float | None
    drop: float | None
    residual: float | None
    kept_gain: float | None
    note: str


def cure_lines(
    rows: Sequence[Network], conditions: Sequence[Condition], found: Sequence[Measured]
) -> list[CureLine]:
    """Return a line for every network that was measured under every condition."""
    lines = []
    for row in rows:
        soft = _software(row, found)
        for condition in conditions:
            chips = _chips(row, condition, found)
            if soft is not None and chips:
                lines.append(_line(row, condition, soft, chips, found))
    return lines


def _line(
    row: Network,
    condition: Condition,
    soft: Measured,
    chips: Sequence[Measured],
    found: Sequence[Measured],
) -> CureLine:
    after, software = _mean(chips), 100 * soft.accuracy[-1]
    values = 100 * np.array([m.accuracy[-1] for m in chips if not m.failure])
    residuals = [m.residual for m in chips if m.residual is not None]
    return CureLine(
        row=row.key,
        method=row.label,
        steps=row.steps,
        cure=condition.words,
        needs=condition.needs,
        once_s=max(m.once_s for m in chips),
        chip_s=float(np.mean([m.chip_s for m in chips])),
        images=soft.images,
        chips=len(values),
        software=software,
        before=_mean(_chips(row, condition.raw, found)),
        after=after,
        interval=half_width(values) if len(values) > 1 else None,
        drop=_drop(soft, chips),
        residual=max(residuals, default=None),
        kept_gain=min((gain for m in chips for gain in m.kept_gain), default=None),
        note=next((m.failure for m in chips if m.failure), ""),
    )


def _name(row: Network) -> str:
    """Return how a network learned, and its time-steps."""
    return f"{row.label}, T {row.steps}" if row.steps else row.label


def _software(row: Network, found: Sequence[Measured]) -> Measured | None:
    return next((m for m in found if m.row == row.key and m.condition is None), None)


def _chips(row: Network, condition: Condition, found: Sequence[Measured]) -> list[Measured]:
    return [m for m in found if m.row == row.key and m.condition == condition.plain]


def _mean(chips: Sequence[Measured]) -> float | None:
    """Return the mean accuracy of the chips that could be made. [%]"""
    values = [m.accuracy[-1] for m in chips if not m.failure]
    return 100 * float(np.mean(values)) if values else None


def _drop(soft: Measured, chips: Sequence[Measured]) -> float | None:
    """Return the relative drop of the mean. [%]"""
    after, software = _mean(chips), 100 * soft.accuracy[-1]
    return None if after is None or not software else 100 * (software - after) / software


def cure_markdown(lines: Sequence[CureLine], title: str, command: str) -> str:
    """Return what every cure costs and gives back as a Markdown table."""
    head = (
        "| network | T | cure | needs | s once / s per chip | images | software [%] | before [%] | "
        "after [%], 95 % interval | relative drop [%] |"
    )
    body = []
    for line in lines:
        interval = "" if line.interval is None else f" ± {line.interval:.2f} ({line.chips} chips)"
        after = line.note if line.after is None else f"{line.after:.2f}{interval}"
        body.append(
            f"| {line.method} | {line.steps or '-'} | {line.cure} | {line.needs} | "
            f"{line.once_s:.1f} / {line.chip_s:.1f} | {line.images} | {line.software:.2f} | "
            f"{percent(line.before)} | {after} | {percent(line.drop)} |"
        )
    note = (
        "Before: the same arrays read raw. Times are those of the machine that measured; what is "
        "done once serves every chip. Training goes through other chips than those measured."
    )
    ruler = "| --- " * 10 + "|"
    return "\n".join(
        [f"# {title}", "", f"Re-create: `{command}`", "", note, "", head, ruler, *body, ""]
    )


def beyond_markdown(
    rows: Sequence[Network], found: Sequence[Measured], title: str, command: str
) -> str:
    """Return what compensation reaches alone, and what remains of both causes, as Markdown."""
    alone = [
        f"## IR drop alone, no retraining (goal: relative drop of {DROP_GOAL} % at most)", "",
        (
            "| network | tile | software [%] | raw [%] | gain per layer [%] | gain per bit line [%] | "
            "compensated [%] | relative drop [%] | largest residual | least gain kept | goal |"
        ),
        "| --- " * 11 + "|",
        *(text for row in rows for text in _alone(row, found)), "",
    ]  # fmt: skip
    rest = [
        f"## With variation, 64x64, no retraining (goal: relative drop of {REST_GOAL:g} % at most)",
        "",
        (
            "Relative drops, in percent. Under one gain a layer: both causes, wires alone, variation "
            "alone. Then cures: a gain for each bit line, with outputs corrected; compensated cells "
            "with that gain; and all three."
        ),
        "",
        (
            "| network | software [%] | raw | both | wires alone | variation alone | per bit line | "
            "and corrected | compensated | all three | goal |"
        ),
        "| --- " * 11 + "|",
        *(text for row in rows for text in _rest(row, found)), "",
    ]  # fmt: skip
    return "\n".join([f"# {title}", "", f"Re-create: `{command}`", "", *alone, *rest])


def untrained(rows: Sequence[StudyRow], found: Sequence[Measured]) -> str:
    """Return one sentence for every row without a network: which command trains it."""
    missing = [row for row in rows if _software(row, found) is None]
    return "".join(f"\n{row.key} is {NOT_TRAINED}: `{row.trained_by}`\n" for row in missing)


def _alone(row: Network, found: Sequence[Measured]) -> list[str]:
    """Return a line for every tile size of a row."""
    soft, texts = _software(row, found), []
    if soft is None:
        return []
    conditions = drop_alone()
    for *read, cured in zip(*(conditions[k::4] for k in range(4)), strict=True):
        chips = _chips(row, cured, found)
        if not chips:
            continue
        line = _line(row, cured, soft, chips, found)
        reached = line.drop is not None and line.drop <= DROP_GOAL
        residual = "-" if line.residual is None else f"{line.residual:.1e}"
        kept = "-" if line.kept_gain is None else f"{line.kept_gain:.2f}"
        texts.append(
            f"| {_name(row)} | {cured.tile}x{cured.tile} | {line.software:.2f} | "
            f"{' | '.join(percent(_mean(_chips(row, each, found))) for each in read)} | "
            f"{line.note or percent(line.after)} | {percent(line.drop)} | {residual} | {kept} | "
            f"{'reached' if reached else 'missed'} |"
        )
    return texts


def _rest(row: Network, found: Sequence[Measured]) -> list[str]:
    """Return a row's line: what remains of both causes, and after cures."""
    soft = _software(row, found)
    if soft is None:
        return []
    raw, *cured = ladder(64)
    drops = [_drop(soft, _chips(row, c, found)) for c in (raw, *attribution(64), *cured)]
    reached = drops[-1] is not None and drops[-1] <= REST_GOAL
    cells = [
        _name(row), f"{100 * soft.accuracy[-1]:.2f}", *map(percent, drops),
        "reached" if reached else "missed",
    ]  # fmt: skip
    return [f"| {' | '.join(cells)} |"]
