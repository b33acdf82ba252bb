"""Tables of cures: cost, before, after, and whether the goals are reached."""

import pytest

from xbarsim.study import (
    Condition,
    Measured,
    beyond_markdown,
    cure_lines,
    cure_markdown,
    cures,
)
from xbarsim.study import study_rows as rows_of
from xbarsim.study.plans import attribution, drop_alone, ladder


def measured(condition, chip=0, accuracy=0.5, **more):
    plain = None if condition is None else condition.plain
    return Measured("digits-bntt", "abc", 100, plain, chip, (accuracy,), (), (0.4,), 1.0, **more)


@pytest.fixture
def rows():
    return rows_of("digits", ("digits-ann", "digits-bntt"))


def test_a_line_has_cost_before_after_and_drop(rows):
    raw = Condition(tile=64, gain="none")
    cure = Condition(tile=64, gain="layer", compensated=True, adaptation=64)
    cured = [
        measured(cure, k, a, once_s=7.0, chip_s=s, residual=r, kept_gain=(0.8, g))
        for k, (a, s, r, g) in enumerate(((0.7, 1.0, 1e-7, 0.9), (0.8, 3.0, 2e-7, 0.6)))
    ]
    found = [measured(None, -1, 0.9), measured(raw, 0, 0.1), measured(raw, 1, 0.3), *cured]
    (line,) = cure_lines(rows, [cure], found)
    assert (line.before, line.after, line.software) == pytest.approx((20.0, 75.0, 90.0))
    assert line.drop == pytest.approx(100 * 15 / 90)
    assert line.interval == pytest.approx(12.7062 * 5.0, rel=1e-4)
    assert (line.once_s, line.chip_s) == (7.0, 2.0)
    assert (line.residual, line.kept_gain) == (2e-7, 0.6)
    assert line.needs == "test vectors, programming, 64 images"
    text = cure_markdown([line], "Title", "xbarsim study cure")
    assert "| 7.0 / 2.0 | 100 | 90.00 | 20.00 | 75.00 ± 63.53 (2 chips) | 16.67 |" in text
    assert cure_lines(rows, [cure], found[1:]) == []


@pytest.mark.parametrize(
    ("alone", "rest", "verdicts"),
    [(0.9, 0.892, ("reached", "reached")), (0.898, 0.89, ("missed", "missed"))],
)
def test_goals_are_judged_by_relative_drops(rows, alone, rest, verdicts):
    found = [measured(None, -1, 0.9)]
    found += [measured(c, 0, alone if c.compensated else 0.3) for c in drop_alone()]
    both, wires, variation = attribution(64)
    values = {both: 0.45, wires: 0.63, variation: 0.81, ladder(64)[-1]: rest}
    found += [measured(c, 0, a) for c, a in values.items() if c not in drop_alone()]
    text = beyond_markdown(rows, found, "Title", "xbarsim study beyond")
    sizes = [
        line
        for line in text.splitlines()
        if line.startswith(("| BNTT, T 10 | 64", "| BNTT, T 10 | 128"))
    ]
    assert len(sizes) == 2
    assert all(line.endswith(f"| {verdicts[0]} |") for line in sizes)
    (line,) = [line for line in text.splitlines() if line.startswith("| BNTT, T 10 | 90.00 |")]
    drops = f"{100 * (0.9 - rest) / 0.9:.2f}"
    shown = "30.00" if wires not in drop_alone() else f"{100 * (0.9 - 0.3) / 0.9:.2f}"
    assert f"| 90.00 | - | 50.00 | {shown} | 10.00 | - | - | - | {drops} | {verdicts[1]} |" in line
    assert "| ANN |" not in text


def test_what_could_not_be_made_says_so(rows):
    cure = Condition(tile=64, gain="layer", compensated=True)
    failed = Measured("digits-bntt", "abc", 100, cure.plain, 0, (), (), (), 0.0, "too resistive")
    (line,) = cure_lines(rows, [cure], [measured(None, -1, 0.9), failed])
    assert line.after is None
    assert "too resistive" in cure_markdown([line], "Title", "command")


def test_every_cure_says_what_it_needs():
    needs = {c.words: c.needs for c in cures(64)}
    assert needs["64x64, gain none"] == "nothing"
    assert needs["64x64, gain column"] == "test vectors"
    assert "200 updates with labels" in needs["64x64, gain bitline, trained through 200 updates"]
    assert len(needs) == len(cures(64))
