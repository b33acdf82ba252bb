"""Figures of studies draw what was measured, and the command writes tables beside them."""

import json
from pathlib import Path

import numpy as np
import pytest

from xbarsim.parameters import load_crossbar, load_device
from xbarsim.report.studies import study_figures
from xbarsim.study import Condition, Hardware, Measured, StudyPlan, studies, study_rows

PRESET = "bhattacharjee2022"


@pytest.fixture
def plan():
    hardware = Hardware(load_crossbar(PRESET, rows=64, cols=64), load_device(PRESET))
    rows = study_rows("digits", ("digits-surrogate", "digits-bntt"))
    return StudyPlan(rows, [], 2, None, Path(), hardware)


def found_for(plan, conditions):
    found = []
    for row in plan.rows:
        found.append(Measured(row.key, "a", 9, None, -1, (0.9, 0.95), (0.1, 0.2), (), 1.0))
        for k, c in enumerate(c for c in conditions if c.suits(row.method)):
            for chip in range(2):
                share = 0.5 + 0.01 * k + 0.1 * chip
                found.append(
                    Measured(
                        row.key, "a", 9, c.plain, chip, (share, share), (0.1, 0.1), (2.0,), 1.0
                    )
                )
    return found


@pytest.mark.parametrize(
    ("name", "figure"),
    [("fig3", "accuracy"), ("fig4", "drop"), ("causes", "rates"), ("cure", "accuracy"),
     ("beyond", "accuracy")],
)  # fmt: skip
def test_every_study_with_a_figure_draws_its_networks(plan, name, figure):
    from dataclasses import replace

    conditions = list(studies(("none", "column"))[name].conditions)
    own = replace(plan, conditions=conditions)
    figures = study_figures(name, own, found_for(plan, conditions))
    assert set(figures) == {figure}
    drawn = [axes for axes in figures[figure].axes if axes.has_data()]
    assert len(drawn) == {"fig4": 1}.get(name, 2)
    assert study_figures(name, own, []) == {}


def test_the_figure_of_cures_has_a_point_a_cure_at_its_mean(plan):
    from dataclasses import replace

    conditions = [Condition(tile=64, gain="none"), Condition(tile=64, compensated=True)]
    own = replace(plan, conditions=conditions)
    panel = study_figures("cure", own, found_for(plan, conditions))["accuracy"].axes[0]
    assert [label.get_text() for label in panel.get_yticklabels()] == [
        "gain none", "gain column, compensated",
    ]  # fmt: skip
    points = [float(line.get_xdata()[0]) for line in panel.lines if len(line.get_xdata()) == 1]
    np.testing.assert_allclose(points, [55.0, 56.0])


def test_the_command_writes_tables_figures_and_what_is_not_trained(tmp_path, monkeypatch, capsys):
    from xbarsim.cli.app import app
    from xbarsim.learning.build import initial_network
    from xbarsim.learning.recipe import load_recipe
    from xbarsim.learning.store import save_network
    from xbarsim.study import plans

    recipe = load_recipe("digits-surrogate")
    save_network(initial_network(recipe), recipe, tmp_path / "digits-surrogate.safetensors")
    both = (Condition(tile=32, gain="none"), Condition(tile=32, compensated=True))
    monkeypatch.setattr(plans, "cures", lambda *_, **__: both)
    words = ["--chips", "2", "--images", "4", "--row", "digits-surrogate", "--json"]
    words += ["--checkpoints", str(tmp_path), "--out", str(tmp_path)]
    with pytest.raises(SystemExit) as done:
        app(["study", "cure", *words])
    assert done.value.code == 0
    out = capsys.readouterr().out
    (raw, cured) = json.loads(out[out.index("{\n") :])["cure"]
    assert (raw["chips"], cured["chips"]) == (2, 2)
    assert cured["residual"] <= 1e-6
    assert 0.2 < cured["kept_gain"] < 1.5
    folder = tmp_path / "digits"
    assert "before [%]" in (folder / "cure.md").read_text()
    names = {"cure.csv", "cure.md", "cure-accuracy.svg", "cure-accuracy.png", "measurements.jsonl"}
    assert {path.name for path in folder.iterdir() if path.name[0] != "."} == names


def test_a_study_without_time_leaves_no_empty_file(tmp_path):
    from xbarsim.cli.app import app

    words = ["--row", "digits-ann", "--images", "4", "--chips", "1", "--gain", "none"]
    with pytest.raises(SystemExit) as done:
        app(["study", "fig3", *words, "--out", str(tmp_path)])
    assert done.value.code == 0
    names = {path.name for path in (tmp_path / "digits").iterdir() if path.name[0] != "."}
    assert names == {"fig3.csv", "fig3.md", "measurements.jsonl"}
