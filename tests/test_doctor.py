"""The doctor says what is there, what is missing, and how to get it, also without ngspice."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from xbarsim import doctor
from xbarsim.cli.app import app
from xbarsim.doctor import examine, measure_gflops


def run(*args):
    return CliRunner().invoke(app, ["doctor", *args], env={"COLUMNS": "200"})


@pytest.mark.spice
def test_a_complete_machine_is_ready():
    done = run("--json")
    found = json.loads(done.stdout)
    states = {finding["what"]: finding["state"] for finding in found["findings"]}
    assert found["ready"]
    assert done.exit_code == 0
    assert states["ngspice"] in ("ok", "slow")
    assert states["packages"] == states["python"] == "ok"


@pytest.mark.parametrize(
    ("program", "release", "advice"),
    [
        ("apt-get", {"VERSION_CODENAME": "noble"}, "apt-get install ngspice libngspice0"),
        ("apt-get", {"VERSION_CODENAME": "bookworm"}, "-t bookworm-backports ngspice"),
        ("dnf", {}, "dnf install ngspice libngspice"),
        ("conda", {}, "conda install -c conda-forge ngspice"),
        ("none", {}, "NGSPICE_LIBRARY_PATH"),
    ],
)
def test_without_ngspice_it_says_exactly_how_to_get_it(monkeypatch, program, release, advice):
    which = shutil.which
    known = {"ngspice": None, "apt-get": None, "dnf": None, "conda": None, program: f"/x/{program}"}
    monkeypatch.setattr(shutil, "which", lambda name, **kw: known.get(name, which(name, **kw)))
    monkeypatch.setattr(doctor, "_os_release", lambda: release)
    done = run()
    assert done.exit_code == 2
    assert "NOT READY" in done.stdout
    assert f"ngspice: {advice.split()[0]}" in done.stdout or advice in done.stdout
    assert advice in done.stdout


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(doctor, "requires", lambda _: ["numpy>=1", "nosuchthing>=2; extra == 'x'",
                                                       "absentpackage (>3)"])  # fmt: skip
    found = {finding.what: finding for finding in examine()}
    assert found["packages"].state == "missing"
    assert found["absentpackage"].advice == "pip install absentpackage"
    assert found["extra x"].advice == "pip install 'xbarsim[x]'"


def test_the_speed_is_measured():
    assert 0.01 < measure_gflops(size=64, seconds=0.01) < 1e5
