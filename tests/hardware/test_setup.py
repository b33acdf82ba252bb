"""Setups in files, and the commands that read them: infer and cure, from a checkpoint to JSON."""

import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from xbarsim.cli.app import app
from xbarsim.errors import ParameterError
from xbarsim.hardware import HardwareSetup, load_setup
from xbarsim.learning import load_recipe, save_network
from xbarsim.learning.build import initial_network

ROOT = Path(__file__).parents[2]
COARSE = "[reading.adc]\nbits = 5\n[effects.read_noise]\nkind = 'relative'\nsigma = 0.05\n"


@pytest.fixture
def checkpoint(tmp_path):
    recipe = load_recipe("digits-surrogate").replace(steps=3)
    save_network(initial_network(recipe), recipe, tmp_path / "net.safetensors")
    return str(tmp_path / "net.safetensors")


def test_the_setup_in_the_readme_is_one(tmp_path):
    text = (ROOT / "README.md").read_text().split("```toml\n")[1].split("```")[0]
    (tmp_path / "setup.toml").write_text(text)
    setup = load_setup(tmp_path / "setup.toml")
    assert setup.mapping.driver.levels == 5
    assert setup.reading.adc.bits == 8
    assert setup.effects.read_noise.sigma == 0.02
    assert set(tomllib.loads(text)) <= set(HardwareSetup.model_fields)
    assert load_setup(None) == HardwareSetup()


def test_mistakes_in_a_setup_are_named(tmp_path):
    (tmp_path / "a.toml").write_text("[mapping]\nscheem = 'offset'\n")
    with pytest.raises(ParameterError, match="did you mean 'scheme'"):
        load_setup(tmp_path / "a.toml")
    (tmp_path / "b.toml").write_text("[mapping\n")
    with pytest.raises(ParameterError, match="is not TOML"):
        load_setup(tmp_path / "b.toml")


def test_infer_leaves_accuracy_errors_and_figures(checkpoint, tmp_path):
    (tmp_path / "setup.toml").write_text(COARSE)
    done = CliRunner().invoke(app, [
        "infer", checkpoint, "--tile", "32", "--allow-unvalidated", "--images", "8", "--errors", "8",
        "--setup", str(tmp_path / "setup.toml"), "--figures", str(tmp_path / "figures"), "--json",
    ])  # fmt: skip
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert len(found["hardware"]) == len(found["software"]) == 3
    assert found["evidence"] == ["unvalidated"]
    errors = found["errors"]
    assert len(errors["potential"]) == len(errors["growth"]) == 5
    assert all(last > 0 for *_, last in errors["per_read"])
    pictures = {path.name for path in (tmp_path / "figures").iterdir()}
    assert pictures == {"accuracy.png", "flips.png", "membrane.png", "growth.png"}


def test_cure_gives_a_row_per_cure(checkpoint):
    done = CliRunner().invoke(app, [
        "cure", checkpoint, "--tile", "16", "--chips", "1", "--samples", "4", "--images", "4",
        "--json",
    ])  # fmt: skip
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    cures = [row["cure"] for row in found["rows"]]
    assert "16x16, gain bitline, compensated, thresholds matched" in cures
    assert all(0 <= row["after"] <= 100 for row in found["rows"])
    assert all(row["once_s"] > 0 for row in found["rows"] if "compensated" in row["cure"])
