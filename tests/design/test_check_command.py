"""xbarsim check from the shell: rules, answers, a folder; decks are checked against rules only."""

import csv
import json

import pytest
from typer.testing import CliRunner

from xbarsim.cli.app import app
from xbarsim.errors import ParameterError
from xbarsim.spice import run_deck


def run(*args):
    return CliRunner().invoke(app, ["check", *args])


@pytest.mark.slow
@pytest.mark.spice
def test_a_device_of_no_preset_is_answered_in_one_command(tmp_path):
    toml = tmp_path / "my.toml"
    toml.write_text(
        '[device]\nname = "<my|device>"\nr_min = 50e3\nr_max = 1.25e6\nv_read = 0.2\n'
        "[crossbar]\nr_wire_row = 3.2\nr_wire_col = 3.2\n"
    )
    out = tmp_path / "out"
    done = run(str(toml), "--rows", "6", "--cols", "5", "--budget", "4%", "-o", str(out), "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["findings"] == []
    assert found["budget"] == pytest.approx(0.04)
    assert len(found["limits"]) == 8
    assert {row["verdict"] for row in found["assumptions"]} <= {"holds", "DOES NOT HOLD", "-"}
    for row in found["energy"]:
        assert row["imbalance"] < 1e-10
    text = (out / "design.md").read_text()
    assert "<my|device>" not in text
    for name in ("resistances", "limits", "assumptions", "settling", "energy", "map-size"):
        lines = list(csv.reader((out / f"data/{name}.csv").read_text().splitlines()))
        assert len(lines) > 1
        assert {len(line) for line in lines} == {len(lines[0])}
    for name in ("resistances", "energy", "settling", "map-size", "map-r_min", "map-ratio"):
        assert (out / f"figures/{name}.svg").read_text().rstrip().endswith("</svg>")
        assert (out / f"figures/{name}.png").read_bytes().startswith(b"\x89PNG")
        assert f"figures/{name}.svg" in text
    named = {row["deck"] for row in found["limits"] + found["assumptions"] if row["deck"]}
    assert named <= {path.name for path in (out / "decks").iterdir()}
    for name in sorted(named)[:3]:
        assert run_deck((out / "decks" / name).read_text())


def test_a_deck_is_checked_against_rules_only(tmp_path):
    deck = tmp_path / "d.cir"
    deck.write_text("* one\nV1 a 0 1\nR1 a b 1k\n.op\n.end\n")
    done = run(str(deck), "--json")
    assert set(json.loads(done.stdout)) == {"findings"}
    assert done.exit_code in (0, 1)
    preset = run("bhattacharjee2022", "--rows", "4", "--cols", "3", "--rules-only")
    assert preset.exit_code == 0
    assert "no findings" in preset.stdout
    assert "costs most" not in preset.stdout


@pytest.mark.parametrize("budget", ["0", "two", "120%"])
def test_a_budget_that_is_no_share_is_refused(budget):
    done = run("bhattacharjee2022", "--budget", budget)
    assert isinstance(done.exception, ParameterError)
    assert "between 0 and 1" in str(done.exception)
