"""The doctor says what is there, what is missing, and how to get it, also without ngspice."""

import json
import os
import shutil
import subprocess
import sys

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


def doctor_in(folder, *, tool, library):
    """Run the doctor on a machine whose PATH holds one installer only, and maybe a wrong library."""
    folder.mkdir()
    (folder / tool).write_text("#!/bin/sh\n")
    (folder / tool).chmod(0o755)
    env = {name: value for name, value in os.environ.items() if name != "NGSPICE_LIBRARY_PATH"}
    env |= {"PATH": str(folder), **({"NGSPICE_LIBRARY_PATH": library} if library else {})}
    command = [sys.executable, "-m", "xbarsim", "doctor", "--json"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)
    (ngspice,) = (f for f in found["findings"] if f["what"] == "ngspice")
    return done, found, ngspice


def test_on_a_machine_without_ngspice_it_ends_with_the_command_to_run(tmp_path):
    done, found, ngspice = doctor_in(tmp_path / "bin", tool="dnf", library=None)
    assert done.returncode == 2
    assert not found["ready"]
    assert ngspice["state"] == "missing"
    assert "the program ngspice is not on PATH" in ngspice["found"]
    assert ngspice["advice"].removeprefix("sudo ") == "dnf install ngspice libngspice"
    assert "Traceback" not in done.stderr


def test_a_wrong_path_of_the_library_is_told_apart_from_nothing_installed(tmp_path):
    wrong = str(tmp_path / "absent.so")
    _, _, ngspice = doctor_in(tmp_path / "bin", tool="apt-get", library=wrong)
    assert f"NGSPICE_LIBRARY_PATH is {wrong!r}, which does not exist" in ngspice["found"]
    first, second = ngspice["advice"].split("; and ")
    assert first.startswith("unset NGSPICE_LIBRARY_PATH")
    assert "apt-get install ngspice libngspice0" in second


@pytest.mark.spice
def test_only_the_wrong_path_is_to_be_mended_where_the_program_is(monkeypatch, tmp_path):
    monkeypatch.setenv("NGSPICE_LIBRARY_PATH", str(tmp_path / "absent.so"))
    done = run("--json")
    (ngspice,) = (f for f in json.loads(done.stdout)["findings"] if f["what"] == "ngspice")
    assert ngspice["advice"] == "unset NGSPICE_LIBRARY_PATH, or set it to the library's full path"


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(doctor, "requires", lambda _: ["numpy>=1", "nosuchthing>=2; extra == 'x'",
                                                       "absentpackage (>3)"])  # fmt: skip
    found = {finding.what: finding for finding in examine()}
    assert found["packages"].state == "missing"
    assert found["absentpackage"].advice == "pip install absentpackage"
    assert found["extra x"].advice == "pip install 'xbarsim[x]'"


def test_the_speed_is_measured():
    assert 0.01 < measure_gflops(size=64, seconds=0.01) < 1e5
