"""This module is the studies by name: which conditions answer which question of the paper."""

from dataclasses import dataclass

from xbarsim.mapping import Gain
from xbarsim.study.condition import Condition

ADAPTATION = (16, 64, 256, 1024)
"""Numbers of adaptation samples."""


@dataclass(frozen=True)
class Study:
    """One study.

    Attributes:
        title: What it is called in its table.
        question: What it answers.
        conditions: How networks are put on chips.
    """

    title: str
    question: str
    conditions: tuple[Condition, ...]


def studies(gains: tuple[Gain, ...]) -> dict[str, Study]:
    """Return the studies by name.

    Args:
        gains: Read-out gains to measure under, for the studies that leave the gain open.
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
        ),
        "causes": Study(
            "Causes: what each part of the hardware costs",
            "How the paper's currents became weights, and what the loss is made of.",
            causes(),
        ),
        "cure": Study(
            "Cure: IR drop compensated when programming, no retraining",
            "What compensation leaves, without variation and with it.",
            tuple(
                Condition(tile=tile, gain="column", compensated=cured, variation=variation)
                for tile in (64, 128)
                for cured in (False, True)
                for variation in (False, True)
            ),
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
        Condition(tile=64, gain="layer", compensated=True, variation=False),
        Condition(tile=64, gain="layer", compensated=True),
    ]
    return (*raw, *scaled)
