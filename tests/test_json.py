"""What commands print with --json is JSON and nothing else, whatever they say beside it."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from xbarsim.cli.app import app

pytestmark = pytest.mark.spice

RECIPE = """
dataset = "digits"
network = "vgg-digits"
method = "ann"
epochs = 1
epoch_images = 64
batch = 32
"""
# In this order: these write what the others read.
FIRST = {
    "netlist": "netlist --rows 3 --cols 2 -o array.cir",
    "validate": "validate case.toml -o record.json",
    "train": "train small.toml -o ann.safetensors --test-images 8",
    "convert": "convert ann.safetensors -o snn.safetensors --steps 9 --images 64 --test-images 8",
    "nir write": "nir write snn.safetensors -o snn.nir",
}
THEN = {
    "devices": "devices",
    "one device": "devices bhattacharjee2022",
    "schema": "schema case",
    "doctor": "doctor",
    "matrix": "matrix g.csv g.npy",
    "netlist to stdout": "netlist --rows 3 --cols 2",
    "check a deck": "check array.cir",
    "check": "check bhattacharjee2022 --rules-only",
    "spice": "spice --rows 3 --cols 2 --table currents.csv",
    "transient": "transient --rows 2 --cols 2",
    "campaign": "campaign --rows 3 --cols 2 --vectors 2 --cases 2 --workers 1 -o campaign.npz",
    "report": "report record.json -o record.html",
    "calibrate": "calibrate curves.csv --fit cells",
    "infer": "infer ann.safetensors --images 8 --tile 32 --allow-unvalidated --report r.html",
    "nir infer": "nir infer snn.nir --steps 2 --images 8 --tile 32 --allow-unvalidated --figures f",
    "cosim": "cosim snn.safetensors --images 1 --tile 16 --tiles 1 --step 0 --allow-unvalidated",
    "study software": "study software --checkpoints . -o software.json",
}


def run(words):
    return CliRunner().invoke(app, [*words.split(), "--json"], catch_exceptions=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with what commands read, and the outcomes of those that wrote some of it."""
    path = tmp_path_factory.mktemp("json")
    (path / "small.toml").write_text(RECIPE)
    (path / "case.toml").write_text("sizes = [[4, 4]]\ncircuits = 1\nvectors = 2\n")
    np.savetxt(path / "g.csv", [[1e-5, 2e-5], [3e-5, 4e-5]], delimiter=",")
    v = np.linspace(-0.3, 0.3, 13)
    curves = np.stack([v, *(g * 0.25 * np.sinh(v / 0.25) for g in (2e-5, 4e-5))], axis=1)
    np.savetxt(path / "curves.csv", curves, delimiter=",", header="v,i_0,i_1", comments="")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        patch.setenv("XBARSIM_CACHE", str(path / "cache"))
        return path, {name: run(words) for name, words in FIRST.items()}


@pytest.mark.parametrize("name", [*FIRST, *THEN])
def test_json_is_all_there_is_on_stdout(folder, monkeypatch, name):
    path, outcomes = folder
    monkeypatch.chdir(path)
    done = outcomes[name] if name in FIRST else run(THEN[name])
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)
