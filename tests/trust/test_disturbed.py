"""Runs that are interrupted, ended or killed at any moment, then repeated: as if nothing had happened.

Each run is a process that is forked from one that has loaded everything, so that the moments lie in
the work and not in the imports.
"""

import contextlib
import multiprocessing
import os
import signal
import time

import psutil
import pytest
from disturbed_jobs import JOBS, child, spread_campaign

pytestmark = pytest.mark.spice
MOMENTS = [(signal.SIGINT, 0.15), (signal.SIGTERM, 0.5), (signal.SIGKILL, 0.85)]
CASES = [(name, *moment) for name in JOBS for moment in MOMENTS]
SAID = {signal.SIGINT: (130, "interrupted"), signal.SIGTERM: (143, "ended by SIGTERM")}


@pytest.fixture(scope="module")
def start():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["disturbed_jobs", "xbarsim.cli.app", "xbarsim.study"])

    def process(job, folder):
        folder.mkdir(parents=True, exist_ok=True)
        made = context.Process(target=child, args=(job, folder, folder / "said"))
        made.start()
        return made

    return process


@pytest.fixture(scope="module")
def undisturbed(start, tmp_path_factory):
    """Run a job to its end, once to load what it needs and once for its time; return both."""
    known = {}

    def run(name):
        if name not in known:
            job, result = JOBS[name]
            folder = tmp_path_factory.mktemp("undisturbed")
            finish(start, job, folder / "warm")
            began = time.monotonic()
            finish(start, job, folder / "timed")
            known[name] = result(folder / "timed"), time.monotonic() - began
        return known[name]

    return run


def finish(start, job, folder):
    process = start(job, folder)
    process.join(120)
    assert process.exitcode == 0, (folder / "said").read_text()[-2000:]


@pytest.mark.parametrize(("name", "kind", "share"), CASES)
def test_a_disturbed_run_that_is_repeated_gives_the_same_numbers(
    name, kind, share, start, undisturbed, tmp_path
):
    job, result = JOBS[name]
    wanted, seconds = undisturbed(name)
    process = start(job, tmp_path)
    time.sleep(share * seconds)
    end(process, kind, tmp_path)
    finish(start, job, tmp_path)
    assert result(tmp_path) == wanted


def test_a_disturbed_run_on_two_workers_gives_the_numbers_of_one(start, undisturbed, tmp_path):
    process = start(spread_campaign, tmp_path)
    while len(list(tmp_path.glob("store/??/*.npz"))) < 3:
        assert process.is_alive()
        time.sleep(0.01)
    end(process, signal.SIGINT, tmp_path)
    finish(start, spread_campaign, tmp_path)
    assert JOBS["campaign"][1](tmp_path) == undisturbed("campaign")[0]


def end(process, kind, folder):
    """Send the signal; nothing may be left, and what is said must be one clear line."""
    family = []
    with contextlib.suppress(psutil.NoSuchProcess):
        family = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, kind)
    process.join(60)
    assert not process.is_alive()
    _, alive = psutil.wait_procs(family, timeout=20)
    assert alive == [], "children of the run outlive it"
    if process.exitcode != 0 and kind in SAID:
        code, words = SAID[kind]
        said = (folder / "said").read_text()
        assert process.exitcode == code, said
        assert words in said
        assert "Traceback" not in said
