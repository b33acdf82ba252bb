"""What the world does to a run: full disks, locked folders, lost schedulers, clocks, a second run."""

import contextlib
import errno
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from xbarsim.campaign import ResultStore, drawn_cases, run_campaign
from xbarsim.cli import app as command_line
from xbarsim.cli.app import app
from xbarsim.data import Dataset
from xbarsim.errors import SpiceError, StorageError
from xbarsim.learning import Recipe, TrainingRun, continue_run
from xbarsim.parameters import CrossbarParams
from xbarsim.spice import find_ngspice, ngspice
from xbarsim.spice.batch import Limits, run_batch
from xbarsim.storage import append_line, writable_folder, write_atomically
from xbarsim.study import Measured, StudyStore
from xbarsim.validation import ValidationCase, validate

pytestmark = pytest.mark.spice
SMALL = CrossbarParams(rows=4, cols=3)


def fake(folder, script):
    path = folder / "ngspice"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return replace(find_ngspice(), program=str(path))


# ngspice


@pytest.mark.parametrize(
    "script",
    [
        "head -c 3000000 /dev/urandom",
        "head -c 200000 /dev/urandom > out.raw",
        "printf 'Title: x\\nFlags: real\\nNo. Variables: 1\\nNo. Points: 99\\nBinary:\\n' > out.raw",
        "printf 'Error: %s\\n' nothing works; printf x > out.raw",
    ],
)
def test_junk_is_refused(script, tmp_path):
    with pytest.raises(SpiceError) as error:
        run_batch("* x\n.end\n", fake(tmp_path, script), limits=Limits(timeout=20.0))
    assert len(str(error.value)) > 20
    assert len(error.value.log_tail) < 20_000


@pytest.mark.parametrize(
    ("script", "match"),
    [
        ("echo this is no simulator", "does not name a version; is it ngspice"),
        ("exit 3", "does not name a version"),
        ("kill -9 $$", "does not name a version"),
    ],
)
def test_a_wrong_program_of_the_name_is_refused(script, match, tmp_path):
    with pytest.raises(SpiceError, match=match):
        ngspice._version(fake(tmp_path, script).program)


def test_results_of_another_version_are_not_taken_for_this_ones(device, tmp_path, monkeypatch):
    cases = drawn_cases(device, SMALL, cases=2, vectors=1)
    store = ResultStore(tmp_path)
    run_campaign(cases, store, workers=1, show=False)
    other = replace(find_ngspice(), version="45.9")
    monkeypatch.setattr("xbarsim.campaign.run.find_ngspice", lambda: other)
    monkeypatch.setattr("xbarsim.spice.currents.find_ngspice", lambda: other)
    assert run_campaign(cases, store, workers=1, show=False).computed == 2


# Disks


@pytest.fixture(params=["size limit", "full disk"])
def full(request, tmp_path, monkeypatch):
    """A folder in which a few kilobytes fit: by a limit of the process, and by a small disk.

    Where no file system can be mounted, writing fails as on a full disk after the same number of bytes.
    """
    if request.param == "size limit":
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (16384, before[1]))
        yield tmp_path
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
        return
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = [
        shutil.which("mount") or "mount",
        "-t",
        "tmpfs",
        "-o",
        "size=16k",
        "tmpfs",
        str(folder),
    ]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    if not mounted:
        monkeypatch.setattr(os, "fdopen", _small_files(os.fdopen))
    yield folder
    if mounted:
        subprocess.run([shutil.which("umount") or "umount", "-l", str(folder)], check=True)


def _small_files(opened):
    def fdopen(*args, **options):
        stream = opened(*args, **options)
        left = [16384]

        class Full:
            def __getattr__(self, name):
                return getattr(stream, name)

            def __enter__(self):
                return self

            def __exit__(self, *_):
                stream.close()

            def write(self, content):
                left[0] -= len(content)
                if left[0] < 0:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                return stream.write(content)

        return Full()

    return fdopen


def files(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_a_full_disk_leaves_the_old_file_and_nothing_else(full):
    path = full / "file"
    write_atomically(path, "old")
    with pytest.raises(
        StorageError, match=r"cannot write .*file: .*(No space|too large).*free some"
    ):
        write_atomically(path, os.urandom(100_000))
    assert path.read_text() == "old"
    assert files(full) == ["file"]


def test_a_campaign_on_a_full_disk_keeps_whole_results_only_and_goes_on(device, full, tmp_path):
    wide = CrossbarParams(rows=16, cols=16)
    cases = drawn_cases(device, wide, cases=3, vectors=70)
    store = ResultStore(writable_folder(full / "store"))
    with pytest.raises((StorageError, SpiceError), match=r"No space|too large"):
        run_campaign(cases, store, workers=1, show=False)
    assert all(np.load(p).files for p in store.folder.glob("??/*.npz"))
    elsewhere = tmp_path.parent / f"{tmp_path.name}-free"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (before[1], before[1]))
    shutil.copytree(store.folder, elsewhere)
    result = run_campaign(cases, ResultStore(elsewhere), workers=1, show=False)
    fresh = run_campaign(cases, ResultStore(tmp_path.parent / f"{tmp_path.name}-new"), show=False)
    for k in range(3):
        np.testing.assert_array_equal(result.currents(k).i_col, fresh.currents(k).i_col)


def test_lines_and_other_outputs_on_a_full_device_are_errors_that_say_so(monkeypatch, capsys):
    with pytest.raises(StorageError, match="No space left on device; choose another place or free"):
        append_line(Path("/dev/full"), "x")

    def refused():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "figure.png")

    monkeypatch.setattr(command_line, "app", refused)
    monkeypatch.setattr(command_line, "end_as_after_interrupt", lambda: None)
    with pytest.raises(SystemExit) as ended:
        command_line.run()
    assert ended.value.code == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "the system refused figure.png: No space left on device; free some space" in said


@pytest.fixture(params=["a file in its place", "locked"])
def locked(request, tmp_path):
    """A folder that even root cannot write: below a file, in /proc, or made immutable."""
    if request.param == "a file in its place":
        (tmp_path / "file").write_text("")
        yield tmp_path / "file" / "folder"
        return
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    chattr = shutil.which("chattr")
    lock = [chattr, "+i", str(folder)]
    immutable = chattr and not subprocess.run(lock, capture_output=True, check=False).returncode
    try:
        writable_folder(folder)
    except StorageError:
        yield folder / "below"
    else:
        yield Path("/proc/xbarsim")
    if immutable:
        subprocess.run([chattr, "-i", str(folder)], check=True)
    folder.chmod(0o700)


@pytest.mark.parametrize(
    "arguments",
    [
        ["campaign", "--rows", "3", "--cols", "2", "--cases", "1", "--store"],
        ["validate", "wan2022", "-o"],
        ["study", "table2", "--dataset", "digits", "--out"],
        ["netlist", "--rows", "2", "--cols", "2", "-o"],
    ],
)
def test_a_folder_that_cannot_be_written_is_told_before_any_work(arguments, locked, monkeypatch):
    def never(*_args, **_options):
        pytest.fail("work was begun")

    monkeypatch.setattr("xbarsim.spice.process._start", never)
    place = locked / "r.json" if arguments[-1] == "-o" else locked
    result = CliRunner().invoke(app, [*arguments, str(place)])
    assert isinstance(result.exception, StorageError), result.output
    assert "cannot write" in str(result.exception)


# Several runs at once


def test_two_campaigns_share_a_store(device, tmp_path):
    cases = drawn_cases(device, SMALL, cases=20, vectors=2)
    store = ResultStore(tmp_path / "store")
    found, threads = [], []
    for _ in range(2):
        run = threading.Thread(
            target=lambda: found.append(run_campaign(cases, store, workers=1, show=False))
        )
        run.start()
        threads.append(run)
    for run in threads:
        run.join()
    alone = run_campaign(cases, ResultStore(tmp_path / "alone"), workers=1, show=False)
    assert len(found) == 2
    for result in found:
        assert result.keys == alone.keys
        for k in range(20):
            np.testing.assert_array_equal(result.currents(k).i_col, alone.currents(k).i_col)


def test_two_studies_share_their_measurements(tmp_path):
    """Each rewrites the file, and keeps what the other has put there meanwhile."""
    path = tmp_path / "m.jsonl"
    one, other = StudyStore(path), StudyStore(path)

    def measured(chip):
        return Measured("row", "net", 10, {"tile": 64}, chip, (0.5,), (), (), 1.0)

    def put(store, chips):
        for chip in chips:
            store.put(measured(chip))

    threads = [
        threading.Thread(target=put, args=(one, range(0, 40, 2))),
        threading.Thread(target=put, args=(other, range(1, 40, 2))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [m.chip for m in StudyStore(path).all()] == list(range(40))


DASK = """
from distributed import LocalCluster
import time
if __name__ == "__main__":
    cluster = LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None)
    print(cluster.scheduler_address, flush=True)
    time.sleep(600)
"""


def test_a_lost_scheduler_ends_the_campaign_with_what_to_do_and_it_goes_on(device, tmp_path):
    script = tmp_path / "cluster.py"
    script.write_text(DASK)
    process = subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        start_new_session=True,
    )  # fmt: skip
    address = process.stdout.readline().strip()
    store = ResultStore(tmp_path / "store")
    cases = drawn_cases(device, SMALL, cases=400, vectors=2)

    def lose():
        while len(list(store.folder.glob("??/*.npz"))) < 3:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)

    loser = threading.Thread(target=lose)
    loser.start()
    try:
        with pytest.raises(SpiceError, match=r"were killed .*run the same campaign again to go on"):
            run_campaign(cases, store, scheduler=address, show=False)
    finally:
        loser.join()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    few = drawn_cases(device, SMALL, cases=5, vectors=2)
    result = run_campaign(few, store, workers=1, show=False)
    assert result.computed < 5
    alone = run_campaign(few, ResultStore(tmp_path / "alone"), workers=1, show=False)
    for k in range(5):
        np.testing.assert_array_equal(result.currents(k).i_col, alone.currents(k).i_col)


# Time


def test_a_clock_that_goes_back_changes_nothing(device, tmp_path, monkeypatch):
    """Durations and budgets are measured by a clock that nobody sets; dates are only told."""
    hour = iter(range(10_000_000, 0, -3600))
    monkeypatch.setattr(time, "time", lambda: float(next(hour)))
    monkeypatch.setattr(time, "gmtime", lambda *_: time.struct_time((1969, 1, 1, 0, 0, 0, 2, 1, 0)))
    case = ValidationCase(
        name="t", sizes=((4, 3),), circuits=3, vectors=2, models=("exact",), budget=600.0
    )
    record = validate(case, store=ResultStore(tmp_path))
    assert (record.passed, record.n_circuits, record.ended_by) == (True, 3, "plan")
    assert all(seconds >= 0 for seconds in record.provenance.seconds.values())
    result = run_campaign(
        drawn_cases(device, SMALL, cases=2, vectors=1), ResultStore(tmp_path), workers=1, show=False
    )
    assert all(result.currents(k).provenance.seconds >= 0 for k in range(2))
    images = torch.rand(10, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    data = Dataset("tiny", images, torch.arange(10), images, torch.arange(10), {})
    recipe = Recipe(
        name="tiny", dataset="tiny", network="vgg-digits", method="ann", epochs=2, batch=5, steps=1
    )
    state, metrics = tmp_path / "state", tmp_path / "metrics"
    first = continue_run(TrainingRun(recipe, data), state, metrics, budget_s=0)
    second = continue_run(TrainingRun(recipe, data), state, metrics)
    assert (first.update, second.update, second.finished) == (1, 4, True)
    assert second.seconds >= first.seconds > 0


def test_metrics_that_a_kill_cut_short_are_mended(tmp_path):
    images = torch.rand(10, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    data = Dataset("tiny", images, torch.arange(10), images, torch.arange(10), {})
    recipe = Recipe(
        name="tiny", dataset="tiny", network="vgg-digits", method="ann", epochs=2, batch=5, steps=1
    )
    state, metrics = tmp_path / "state", tmp_path / "metrics"
    continue_run(TrainingRun(recipe, data), state, metrics, budget_s=0)
    with metrics.open("a") as stream:
        stream.write('{"update": 1, "loss": 0.')
    continue_run(TrainingRun(recipe, data), state, metrics)
    assert [json.loads(line)["update"] for line in metrics.read_text().splitlines()] == [4]
