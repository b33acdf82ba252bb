"""`xbarsim spice` and `netlist` for any cell and topology; the fast model only beside its own array."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from xbarsim.cli.app import app
from xbarsim.errors import SpiceError
from xbarsim.spice import Finding

pytestmark = pytest.mark.spice
SIZE = ["--rows", "3", "--cols", "2"]


def test_the_plain_array_has_the_fast_model_beside_it():
    found = json.loads(CliRunner().invoke(app, ["spice", *SIZE, "--json"]).stdout)
    assert found["i_col"][0] == pytest.approx(found["fast"][0], rel=1e-10)
    assert found["method"].startswith("pyspice")
    assert "fast model" in CliRunner().invoke(app, ["spice", *SIZE]).stdout


def test_pairs_limits_and_wires_run_from_the_command_line(tmp_path):
    path = tmp_path / "pairs.toml"
    path.write_text(
        '[device]\nr_min=1e4\nr_max=1e5\n[topology]\ncolumns="differential"\nsilent="floating"\n'
    )
    np.savetxt(tmp_path / "wires.csv", np.full((2, 2), 40.0), delimiter=",")
    arguments = ["spice", str(path), "--rows", "3", "--cols", "2", "--timeout", "60", "--json"]
    plain = json.loads(CliRunner().invoke(app, arguments).stdout)
    assert plain["method"].startswith("batch"), "only a process of its own has limits"
    (pair,) = plain["i_diff"][0]
    assert pair == pytest.approx(plain["i_col"][0][0] - plain["i_col"][0][1], rel=1e-9)
    wired = CliRunner().invoke(app, [*arguments, "--r-wire-col", str(tmp_path / "wires.csv")])
    assert json.loads(wired.stdout)["i_col"][0][0] < plain["i_col"][0][0]
    assert "pair" in CliRunner().invoke(app, arguments[:-1]).stdout
    two = CliRunner().invoke(app, ["netlist", str(path), "--rows", "3", "--cols", "2"])
    assert "Ed0 db_0 0 bl_2_0 bl_2_1 1.0" in two.stdout


def test_a_transient_deck_can_be_kept_and_checked(tmp_path):
    path, deck = tmp_path / "gated.toml", tmp_path / "time.cir"
    path.write_text('[device]\nr_min=1e4\nr_max=1e5\n[topology]\nsilent="gated"\n')
    arguments = [str(path), *SIZE, "--vectors", "3"]
    result = CliRunner().invoke(app, ["transient", *arguments, "--deck", str(deck)])
    assert result.exit_code == 0, result.output
    assert CliRunner().invoke(app, ["check", str(deck)]).exit_code == 0
    assert "xbar_switch" in deck.read_text()


def test_broken_cells_are_refused_before_anything_runs(tmp_path, monkeypatch):
    (tmp_path / "a.lib").write_text(".subckt a p n g=1\nR1 p n {1/g}\n.ends\n")
    path = tmp_path / "a.toml"
    path.write_text(
        "[device]\nr_min=1e4\nr_max=1e5\n[cell]\nkind='subckt'\npath='a.lib'\nsubckt='a'\n"
    )
    monkeypatch.setattr(
        "xbarsim.spice.rundeck.check_deck", lambda _: [Finding("error", "path", "node q is adrift")]
    )
    for command in (["spice"], ["transient"], ["campaign", "--store", str(tmp_path / "s")]):
        result = CliRunner().invoke(app, [command[0], str(path), *SIZE, *command[1:]])
        assert isinstance(result.exception, SpiceError)
        assert "breaks electrical rules: node q is adrift" in str(result.exception)


def test_other_arrays_have_not(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('[device]\nr_min=1e4\nr_max=1e5\n[cell]\nkind="1t1r"\n')
    found = json.loads(CliRunner().invoke(app, ["spice", str(path), *SIZE, "--json"]).stdout)
    assert found["fast"] is None
    assert "fast model" not in CliRunner().invoke(app, ["spice", str(path), *SIZE]).stdout
    deck = CliRunner().invoke(app, ["netlist", str(path), *SIZE]).stdout
    assert ".subckt xbar_1t1r" in deck
