"""Studies: what was measured is kept and found again, and tables say what is missing."""

import json

import numpy as np
import pytest
import torch

from xbarsim.data import Dataset
from xbarsim.errors import OutOfValidatedRangeError, ParameterError, StorageError
from xbarsim.learning.build import initial_network
from xbarsim.learning.recipe import load_recipe
from xbarsim.learning.store import save_network
from xbarsim.parameters import load_crossbar, load_device
from xbarsim.study import (
    Condition,
    Hardware,
    Measured,
    StudyPlan,
    StudyStore,
    as_csv,
    as_markdown,
    rate_lines,
    run_study,
    step_lines,
    studies,
    study_rows,
    table_lines,
)  # fmt: skip


def measured(row="digits-ann", condition=None, chip=-1, accuracy=(0.5,)):
    plain = None if condition is None else condition.plain
    return Measured(row, "abc", 100, plain, chip, accuracy, (), (0.4, 0.6), 1.0)


@pytest.fixture
def data():
    stream = torch.Generator().manual_seed(7)
    images = torch.rand(12, 1, 8, 8, generator=stream)
    labels = torch.arange(12) % 10
    return Dataset("digits", images[:6], labels[:6], images[6:], labels[6:], {"file": "md5"})


@pytest.fixture
def plan(tmp_path):
    for name in ("digits-ann", "digits-surrogate"):
        recipe = load_recipe(name)
        save_network(initial_network(recipe), recipe, tmp_path / f"{name}.safetensors")
    condition = Condition(tile=32, gain="column", wires=False)
    return StudyPlan(
        rows=study_rows("digits", ("digits-ann", "digits-surrogate")),
        conditions=[condition],
        chips=2,
        images=4,
        checkpoints=tmp_path,
        hardware=Hardware(
            load_crossbar("bhattacharjee2022", rows=64, cols=64), load_device("bhattacharjee2022")
        ),
    )


def test_rows_hold_the_papers_tables():
    rows = {row.key: row for row in study_rows()}
    assert rows["cifar10-surrogate-t20"].paper(32) == 62.49
    assert rows["cifar10-surrogate-t20"].paper(64) == 14.21
    assert rows["mnist-bntt-t10"].paper(64) == 11.35
    assert rows["mnist-bntt-t10"].paper(32) is None
    assert rows["cifar10-ann-short"].label == "ANN, short recipe for CPUs"
    with pytest.raises(ParameterError, match=r"no row is called.*mnist-ann"):
        study_rows(keys=("mnist-an",))


def test_a_study_that_goes_on_measures_nothing_twice(plan, data, tmp_path):
    store = StudyStore(tmp_path / "m.jsonl")
    first = list(run_study(plan, data, store))
    assert [m.chip for m in first] == [-1, 0, 1, -1, 0, 1]
    assert first[3].accuracy[0] >= 0
    assert len(first[3].accuracy) == 10
    assert len(first[3].rates) == 5
    again = StudyStore(tmp_path / "m.jsonl")
    second = list(run_study(plan, data, again))
    assert [m.seconds for m in second] == [m.seconds for m in first]


def test_a_line_that_a_kill_cut_short_is_measured_again(plan, data, tmp_path):
    path = tmp_path / "m.jsonl"
    list(run_study(plan, data, StudyStore(path)))
    whole = path.read_text()
    path.write_text(whole[:-20])
    assert len(StudyStore(path).all()) == 5
    list(run_study(plan, data, StudyStore(path)))
    kept = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["accuracy"] for line in kept] == [
        json.loads(line)["accuracy"] for line in whole.splitlines()
    ]
    path.write_text("nonsense\n" + whole)
    with pytest.raises(StorageError, match="line 1 is no measurement"):
        StudyStore(path)


def test_wires_that_resist_need_evidence(plan, data, tmp_path):
    from dataclasses import replace

    unknown = plan.hardware.crossbar.replace(r_sense=3.0)
    hardware = replace(plan.hardware, crossbar=unknown)
    wired = replace(plan, conditions=[Condition(tile=32)], hardware=hardware)
    with pytest.raises(OutOfValidatedRangeError):
        list(run_study(wired, data, StudyStore(tmp_path / "m.jsonl")))


def test_a_table_gives_mean_interval_and_drop():
    rows = study_rows("digits", ("digits-ann", "digits-bntt"))
    condition = Condition(tile=64, gain="none")
    chips = [measured(condition=condition, chip=k, accuracy=(a,)) for k, a in enumerate((0.3, 0.4))]
    trained, missing = table_lines(rows, [condition], [measured(), *chips])
    assert trained.hardware == pytest.approx(35.0)
    assert trained.drop == pytest.approx(30.0)
    # Student's t with one degree of freedom: 12.706 times the standard error of 5 points.
    assert trained.interval == pytest.approx(12.7062 * 5.0, rel=1e-4)
    assert trained.raw_gain == pytest.approx(0.5)
    assert missing.hardware is None
    text = as_markdown([trained, missing], "Title", "xbarsim study table1")
    assert "35.00 ± 63.53 (2 chips)" in text
    assert "not yet trained: `xbarsim train digits-bntt`" in text
    assert as_csv([trained]).splitlines()[0].startswith("row,method,steps")


def test_cures_are_for_networks_that_they_suit(plan):
    from dataclasses import replace

    def suited(condition):
        chosen = replace(plan, rows=study_rows("digits"), conditions=[condition])
        return {row.method for row in chosen.rows if chosen.suiting(row)}

    assert suited(Condition(tile=32, thresholds="chip")) == {"conversion"}
    assert suited(Condition(tile=32, thresholds="matched")) == {"conversion", "surrogate", "BNTT"}
    assert suited(Condition(tile=32, adaptation=4)) == {"BNTT"}
    assert len(suited(Condition(tile=32, training=3))) == 4


def test_adapted_norms_change_what_a_chip_gives(plan, data, tmp_path):
    from dataclasses import replace

    recipe = load_recipe("digits-bntt")
    save_network(initial_network(recipe), recipe, tmp_path / "digits-bntt.safetensors")
    conditions = [Condition(tile=32, wires=False, variation=False, adaptation=n) for n in (0, 4)]
    chosen = replace(plan, rows=study_rows("digits", ("digits-bntt",)), conditions=conditions)
    _, before, after = run_study(chosen, data, StudyStore(tmp_path / "m.jsonl"))
    assert before.rates != after.rates


def test_conditions_without_variation_need_one_chip(plan):
    from dataclasses import replace

    still = replace(plan, conditions=[Condition(tile=32, variation=False)])
    assert still.jobs() == 2 * len(plan.rows)
    assert plan.jobs() == 3 * len(plan.rows)


def test_every_condition_says_what_it_is():
    words = [c.words for study in studies(("none", "column")).values() for c in study.conditions]
    assert "64x64, gain layer, no wires" in words
    assert "128x128, gain layer, compensated, no variation" in words
    assert np.all([word.startswith(("32x32", "64x64", "128x128")) for word in words])


def test_a_chip_that_cannot_be_made_is_said_and_kept(plan, data, tmp_path, monkeypatch):
    from dataclasses import replace

    from xbarsim.errors import InfeasibleError

    def refuse(*_, **__):
        msg = "no gain keeps all cells in range"
        raise InfeasibleError(msg)

    monkeypatch.setattr("xbarsim.study.design.write_targets", refuse)
    condition = Condition(tile=128, compensated=True, variation=False)
    chosen = replace(plan, rows=plan.rows[:1], conditions=[condition])
    list(run_study(chosen, data, StudyStore(tmp_path / "m.jsonl")))
    kept = StudyStore(tmp_path / "m.jsonl").all()
    (line,) = table_lines(chosen.rows, chosen.conditions, kept)
    assert line.hardware is None
    assert "no gain keeps all cells in range" in as_markdown([line], "Title", "command")


def test_what_figures_draw_is_a_table_of_means_over_chips():
    condition = Condition(tile=64, gain="none")
    found = [
        Measured("digits-bntt", "a", 9, None, -1, (0.5, 0.9), (0.3, 0.2), (), 1.0),
        Measured("digits-bntt", "a", 9, condition.plain, 0, (0.1, 0.2), (0.2, 0.0), (), 1.0),
        Measured("digits-bntt", "a", 9, condition.plain, 1, (0.3, 0.6), (0.1, 0.1), (), 1.0),
        Measured("digits-ann", "a", 9, None, -1, (0.9,), (), (), 1.0),
    ]
    rows = study_rows("digits")
    rates = rate_lines(rows, [condition], found)
    assert [(r.condition, r.layer, pytest.approx(r.rate)) for r in rates] == [
        ("software", 1, 0.3), ("software", 2, 0.2),
        ("64x64, gain none", 1, 0.15), ("64x64, gain none", 2, 0.05),
    ]  # fmt: skip
    steps = step_lines(rows, [condition], found)
    assert [(s.step, pytest.approx(s.accuracy)) for s in steps if s.condition != "software"] == [
        (1, 20.0), (2, 40.0),
    ]  # fmt: skip
    assert {s.row for s in steps} == {"digits-bntt"}
