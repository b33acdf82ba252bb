"""The same files through the command line."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from xbarsim.cli.app import app
from xbarsim.interop import read_matrix, write_matrix


def run(*args):
    done = CliRunner().invoke(app, list(map(str, args)))
    assert done.exit_code == 0, done.output
    return done.stdout


def test_matrices_are_converted_and_used(tmp_path, draw):
    matrix = draw.uniform(1e-6, 1e-5, (3, 2))
    write_matrix(tmp_path / "g.mat", matrix)
    assert json.loads(run("matrix", tmp_path / "g.mat", tmp_path / "g.csv", "--json"))["rows"] == 3
    assert np.array_equal(read_matrix(tmp_path / "g.csv"), matrix)
    decks = [run("netlist", "--conductance", tmp_path / name) for name in ("g.mat", "g.csv")]
    assert decks[0] == decks[1]
    assert f"Rm2_1 wl_2_1 bl_2_1 {float(1 / matrix[2, 1])!r}" in decks[0]


def test_a_deck_in_another_dialect_and_as_json(tmp_path):
    found = json.loads(run("netlist", "--rows", 3, "--dialect", "xyce", "--json"))
    assert found["dialect"] == "xyce"
    assert ".print dc format=csv" in found["deck"]
    run("netlist", "--rows", 3, "--dialect", "ltspice", "-o", tmp_path / "a.cir")
    assert "klu" not in (tmp_path / "a.cir").read_text()


def test_a_schema_is_written(tmp_path):
    run("schema", "case", "-o", tmp_path / "case.json")
    assert json.loads((tmp_path / "case.json").read_text()) == json.loads(run("schema", "case"))


@pytest.mark.spice
def test_currents_as_a_table(tmp_path):
    out = json.loads(
        run("spice", "--rows", 3, "--cols", 2, "--table", tmp_path / "i.csv", "--json")
    )
    lines = (tmp_path / "i.csv").read_text().splitlines()
    assert lines[0] == "vector,column,i_col [A],fast [A]"
    assert [float(line.split(",")[2]) for line in lines[1:]] == out["i_col"][0]
