"""One command for a new device; the check of a committed record; the kept results of a killed run."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from xbarsim.cli.app import app
from xbarsim.validation import load_record, references

pytestmark = pytest.mark.spice

DEVICE = Path(__file__).parents[2] / "validation/devices/sinh-gated.toml"
SMALL = ["--set", "sizes=[[6, 5]]", "--set", "circuits=2", "--set", "vectors=4"]


def run(*args):
    return CliRunner().invoke(app, ["validate", *map(str, args)])


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_device_of_no_preset_gets_its_answers_from_one_command(here):
    done = run(DEVICE, *SMALL, "--worst", "worst.cir")
    assert done.exit_code == 0, done.output
    record = load_record(here / "validation/records/sinh-gated.json")
    assert {m.name for m in record.models} == {"exact", "nonlinear", "activity", "chord", "ideal"}
    page = (here / "validation/records/sinh-gated.html").read_text()
    for answer in ("Trust the nonlinear model", "Do not trust", "Where this holds", "Download its"):
        assert answer in page
    assert "sinh-gated" in (here / "worst.cir").read_text().splitlines()[0]


def test_check_runs_again_writes_nothing_and_fails_when_anything_moved(here):
    assert run("wan2022", *SMALL, "--no-report", "-o", "r.json").exit_code == 0
    path = here / "r.json"
    before = path.read_text()
    done = run("wan2022", *SMALL, "--check", "r.json")
    assert done.exit_code == 0, done.output
    assert path.read_text() == before
    assert not (here / "validation").exists()
    data = json.loads(before)
    data["circuits"][0]["deck_sha256"] = "0" * 64
    path.write_text(json.dumps(data))
    done = run("wan2022", *SMALL, "--check", "r.json")
    assert done.exit_code == 1
    assert "deck of 6x5-uniform-0 changed" in done.output


@pytest.mark.usefixtures("here")
def test_a_run_that_was_killed_goes_on_with_what_ngspice_gave(monkeypatch):
    right = references.spice_currents
    calls = []

    def counting(*args, **kwargs):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return right(*args, **kwargs)

    monkeypatch.setattr(references, "spice_currents", counting)
    options = [*SMALL, "--set", "circuits=3", "--set", "seed=7", "--no-report", "-o", "r.json"]
    assert run("wan2022", *options).exit_code != 0
    begun = len(calls)
    assert run("wan2022", *options).exit_code == 0
    assert len(calls) - begun < 3


@pytest.mark.usefixtures("here")
def test_an_unwritable_place_is_noticed_before_any_work(here):
    (here / "file").write_text("")
    done = run("wan2022", "-o", here / "file" / "r.json")
    assert "cannot write in" in str(done.exception)
