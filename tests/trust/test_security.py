"""Nothing runs that should not: the sources, archives, temporary files, pinned packages, licences."""

import ast
import io
import json
import re
import stat
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xbarsim.campaign import ResultStore, drawn_cases, run_campaign
from xbarsim.data import cifar10
from xbarsim.errors import StorageError
from xbarsim.parameters import CrossbarParams
from xbarsim.spice import find_ngspice
from xbarsim.spice.batch import run_batch

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "xbarsim").rglob("*.py"))
FORBIDDEN_CALLS = {
    "eval", "exec", "compile", "__import__", "os.system", "os.popen", "pickle.load", "pickle.loads",
    "torch.load", "torch.save", "joblib.load", "marshal.loads", "shelve.open", "yaml.load",
    "tempfile.mktemp", "tarfile.extract",
}  # fmt: skip
FORBIDDEN_IMPORTS = {"pickle", "dill", "cloudpickle", "marshal", "shelve", "joblib"}
UNPICKLER = ROOT / "xbarsim/data/unpickle.py"


def called(node: ast.Call) -> str:
    return ast.unparse(node.func)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_source_file_runs_what_a_file_says(path):
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.name.split(".")[0] for alias in node.names}
            names |= {node.module.split(".")[0]} if isinstance(node, ast.ImportFrom) else set()
            if path != UNPICKLER:
                assert not names & FORBIDDEN_IMPORTS, ast.unparse(node)
        if not isinstance(node, ast.Call):
            continue
        options = {k.arg: ast.unparse(k.value) for k in node.keywords}
        assert called(node) not in FORBIDDEN_CALLS, ast.unparse(node)
        assert options.get("shell", "False") == "False", ast.unparse(node)
        if called(node) in ("np.load", "numpy.load"):
            assert options.get("allow_pickle") == "False", ast.unparse(node)
        if called(node).endswith(".extractall"):
            assert options.get("filter") == "'data'", ast.unparse(node)


BAD = """
import pickle, subprocess

def f(path, text):
    subprocess.run(text, shell=True, check=True)
    eval(text)
    pickle.loads(path.read_bytes())
"""


def test_the_linter_would_refuse_it_too(tmp_path):
    """ruff's rules for shells, eval and pickles are on for the package."""
    bad = tmp_path / "bad.py"
    bad.write_text(BAD)
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--config", ROOT / "pyproject.toml", "--no-cache",
         "--output-format", "concise", bad],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert {"S602", "S307", "S301"} <= set(re.findall(r"\bS\d+\b", done.stdout))


def test_an_archive_that_climbs_out_of_its_folder_is_refused(tmp_path, monkeypatch):
    archive = tmp_path / "cifar-10-python.tar.gz"
    with tarfile.open(archive, "w:gz") as stream:
        member = tarfile.TarInfo("../escaped")
        member.size = 4
        stream.addfile(member, io.BytesIO(b"evil"))
    folder = tmp_path / "data" / "cifar10"
    folder.mkdir(parents=True)
    monkeypatch.setattr(cifar10, "cached_folder", lambda _: folder)
    monkeypatch.setattr(cifar10, "download", lambda *_: archive)
    with pytest.raises(StorageError, match="is no archive that can be unpacked safely"):
        cifar10._fetched(("data_batch_1",))
    assert not (tmp_path / "data" / "escaped").exists()


@pytest.mark.spice
def test_temporary_folders_and_files_are_for_their_owner_only(tmp_path):
    said = tmp_path / "said"
    fake = tmp_path / "ngspice"
    fake.write_text(f"#!/bin/sh\nls -ld . > {said}\nexit 1\n")
    fake.chmod(0o755)
    with pytest.raises(Exception, match="exit code 1"):
        run_batch("* x\n.end\n", replace(find_ngspice(), program=str(fake)))
    assert said.read_text().startswith("drwx------")


@pytest.mark.spice
def test_what_is_being_written_is_private_until_it_is_whole(device, tmp_path, monkeypatch):
    import os

    modes = []
    sync = os.fsync

    def looking(descriptor):
        modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", looking)
    cases = drawn_cases(device, CrossbarParams(rows=2, cols=2), cases=1, vectors=1)
    run_campaign(cases, ResultStore(tmp_path), workers=1, show=False)
    assert modes == [0o600]


def test_a_kept_result_cannot_carry_objects(tmp_path):
    class Evil:
        def __reduce__(self):
            return print, ("it ran",)

    store = ResultStore(tmp_path)
    path = store.path("ab" * 32)
    path.parent.mkdir()
    np.savez(path, i_col=np.array([Evil()], dtype=object), provenance=np.array("{}"))
    with pytest.raises(StorageError, match="holds no whole result"):
        store.get("ab" * 32)


def test_pinned_packages_carry_hashes_and_are_fresh():
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/lock.py", "--check"], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    text = (ROOT / "constraints/locked.txt").read_text()
    hashed = re.compile(r"^[a-z0-9-]+==\S+(?: \\\n    --hash=sha256:[0-9a-f]{64})+", re.MULTILINE)
    packages = hashed.findall(text)
    assert len(packages) == text.count("==") > 100
    assert "--require-hashes" in (ROOT / "scripts/make_venv.sh").read_text()


def test_every_pinned_package_has_a_known_licence():
    """GPL stands alone: PySpice, imported in one module, and docutils' editor files."""
    listed = json.loads((ROOT / "validation/trust/licences.json").read_text())["packages"]
    done = subprocess.run(
        [sys.executable, ROOT / "scripts/licences.py", "--check"], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert all(entry["licence"] for entry in listed.values())
    copyleft = {n for n, e in listed.items() if re.search(r"(?<!L)GPL", e["licence"])}
    assert copyleft <= {"pyspice", "docutils"}
