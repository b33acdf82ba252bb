"""This module is the studies by name: which conditions answer which question of the paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from xbarsim.mapping import Gain
from xbarsim.study.condition import Condition
from xbarsim.study.rows import StudyMethod, StudyRow

ADAPTATION = (16, 64, 256, 1024)
"""Numbers of adaptation samples."""
TRAINING = 200
"""Updates of training through the arrays."""


@dataclass(frozen=True)
class Study:
    """One study.

    Attributes:
        title: What it is called in its table.
        question: What it answers.
        conditions: How networks are put on chips.
        methods: Ways to learn that it is about; all by default.
    """

    title: str
    question: str
    conditions: tuple[Condition, ...]
    methods: tuple[StudyMethod, ...] | None = None

    def about(self, rows: Sequence[StudyRow]) -> list[StudyRow]:
        """Return the rows that the study is about; all that are asked for where none is."""
        chosen = [row for row in rows if self.methods is None or row.method in self.methods]
        return chosen or list(rows)


def studies(gains: tuple[Gain, ...], training: int = TRAINING) -> dict[str, Study]:
    """Return the studies by name.

    Args:
        gains: Read-out gains to measure under, for the studies that leave the gain open.
        training: Updates of training through the arrays, where cures are tried; 0 leaves it out.
    """
    plain = [Condition(tile=64, gain=gain) for gain in gains]
    small = [Condition(tile=32, gain=gain) for gain in gains]
    chip = Condition(tile=64, gain="none", thresholds="chip")
    return {
        "table1": Study(
            "Table I: accuracy on 64x64 crossbars",
            "Accuracy of every network on 64x64 crossbars, under each gain.",
            (*plain, chip),
        ),
        "table2": Study(
            "Table II: 32x32 against 64x64 crossbars",
            "What a smaller tile changes.",
            (*small, *plain),
        ),
        "fig3": Study(
            "Fig. 3: accuracy over time-steps on 64x64 crossbars",
            "Whether the loss grows with time-steps.",
            tuple(plain),
        ),
        "fig4": Study(
            "Fig. 4: BNTT networks after noise-aware adaptation of batch norms, 64x64",
            "What adapting batch norms on the chip gives back, against how many images it takes.",
            tuple(
                Condition(tile=64, gain=gain, adaptation=samples)
                for gain in gains
                for samples in (0, *ADAPTATION)
            ),
            ("BNTT",),
        ),
        "causes": Study(
            "Causes: what each part of the hardware costs",
            "How the paper's currents became weights, and what the loss is made of.",
            causes(),
        ),
        "cure": Study(
            "Cures on 64x64 crossbars: what each costs and gives back",
            "Which cure, or which of them together, takes a network back to software.",
            cures(64, training=training),
        ),
        "beyond": Study(
            "Beyond the paper: IR drop compensated without retraining, and what variation leaves",
            "Whether IR drop alone costs 0.1 % at most, and what remains with variation 1 %.",
            (*drop_alone(), *attribution(64), *ladder(64)),
        ),
    }


def causes() -> tuple[Condition, ...]:
    """Return one-at-a-time conditions: no gain, one per layer, wires alone, variation alone."""
    raw = [
        Condition(tile=64, gain="none"),
        Condition(tile=64, gain="none", variation=False),
        Condition(tile=64, gain="none", thresholds="chip"),
    ]
    scaled = [
        Condition(tile=64, gain="layer"),
        Condition(tile=64, gain="layer", variation=False),
        Condition(tile=64, gain="layer", wires=False),
        Condition(tile=64, gain="bitline"),
        Condition(tile=64, gain="bitline", variation=False),
        Condition(tile=64, gain="layer", compensated=True, variation=False),
        Condition(tile=64, gain="layer", compensated=True),
    ]
    return (*raw, *scaled)


def cures(
    tile: int, *, samples: int = 256, adaptation: int = 1024, training: int = TRAINING
) -> tuple[Condition, ...]:
    """Return every cure alone, from raw currents on, and those that go together.

    Args:
        tile: Rows and columns of a tile.
        samples: Images on which thresholds are searched or matched, and outputs corrected.
        adaptation: Images that adapt batch norms.
        training: Updates of training through the arrays; 0 leaves it out.
    """
    base: dict[str, Any] = {"tile": tile, "samples": samples}
    raw, best = Condition(gain="none", **base), Condition(gain="bitline", **base)
    programmed = best.replace(compensated=True)
    found = [
        raw,
        *(raw.replace(gain=gain) for gain in ("layer", "tile", "column", "bitline")),
        best.replace(order="strong_near"),
        raw.replace(thresholds="chip"),
        raw.replace(thresholds="matched"),
        raw.replace(adaptation=adaptation),
        raw.replace(corrected=samples),
        *_fitted(best, adaptation),
        *(programmed.replace(gain=gain) for gain in ("layer", "column", "bitline")),
        programmed.replace(scale="tile"),
        *_fitted(programmed, adaptation),
    ]
    if training:
        trained = programmed.replace(training=training)
        found += [best.replace(training=training), trained, *_fitted(trained, adaptation)]
    return tuple(found)


def _fitted(condition: Condition, adaptation: int) -> tuple[Condition, ...]:
    """Return a condition with what can be done to the chip after it was programmed."""
    return (
        condition.replace(thresholds="chip"),
        condition.replace(thresholds="matched"),
        condition.replace(adaptation=adaptation),
        condition.replace(corrected=condition.samples),
    )


def ladder(tile: int) -> tuple[Condition, ...]:
    """Return raw currents and the cures that no label is needed for, each on top of others."""
    raw, best = (Condition(tile=tile, gain=gain) for gain in ("none", "bitline"))
    programmed = best.replace(compensated=True)
    corrected = {"corrected": best.samples}
    return raw, best, best.replace(**corrected), programmed, programmed.replace(**corrected)


def drop_alone() -> tuple[Condition, ...]:
    """Return raw currents, two gains, and compensation, on cells that hold what was programmed."""
    return tuple(
        Condition(tile=tile, gain=gain, compensated=cured, variation=False)
        for tile in (64, 128)
        for gain, cured in (
            ("none", False), ("layer", False), ("bitline", False), ("layer", True),
        )
    )  # fmt: skip


def attribution(tile: int) -> tuple[Condition, ...]:
    """Return wires and variation together and alone, under one gain a layer."""
    both = Condition(tile=tile, gain="layer")
    return both, both.replace(variation=False), both.replace(wires=False)
