"""`xbarsim spice` and `netlist` for any cell and topology; the fast model only beside its own array."""

import json

import pytest
from typer.testing import CliRunner

from xbarsim.cli.app import app

pytestmark = pytest.mark.spice
SIZE = ["--rows", "3", "--cols", "2"]


def test_the_plain_array_has_the_fast_model_beside_it():
    found = json.loads(CliRunner().invoke(app, ["spice", *SIZE, "--json"]).stdout)
    assert found["i_col"][0] == pytest.approx(found["fast"][0], rel=1e-10)
    assert found["method"].startswith("pyspice")
    assert "fast model" in CliRunner().invoke(app, ["spice", *SIZE]).stdout


def test_other_arrays_have_not(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('[device]\nr_min=1e4\nr_max=1e5\n[cell]\nkind="1t1r"\n')
    found = json.loads(CliRunner().invoke(app, ["spice", str(path), *SIZE, "--json"]).stdout)
    assert found["fast"] is None
    assert "fast model" not in CliRunner().invoke(app, ["spice", str(path), *SIZE]).stdout
    deck = CliRunner().invoke(app, ["netlist", str(path), *SIZE]).stdout
    assert ".subckt xbar_1t1r" in deck
