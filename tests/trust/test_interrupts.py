"""Interrupts wait where locks are shared or a child has no name yet, and are never lost."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import _base
from dataclasses import replace

import psutil
import pytest

from xbarsim.campaign import ResultStore, drawn_cases, executors, run_campaign
from xbarsim.interrupts import Terminated, end_as_after_interrupt, interrupts_wait
from xbarsim.parameters import CrossbarParams
from xbarsim.spice import find_ngspice, process
from xbarsim.spice.batch import run_batch
from xbarsim.validation import ValidationCase, references, validate

SMALL = CrossbarParams(rows=4, cols=3)


@pytest.fixture(autouse=True)
def _term_as_it_was():
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_an_interrupt_waits_for_the_check_or_the_end():
    steps = []

    def checking():
        with interrupts_wait() as interrupts:
            interrupts.check()
            signal.raise_signal(signal.SIGINT)
            steps.append("before the check")
            interrupts.check()
            steps.append("never")

    def ending():
        with interrupts_wait():
            signal.raise_signal(signal.SIGINT)
            steps.append("before the end")

    for block in (checking, ending):
        with pytest.raises(KeyboardInterrupt):
            block()
    assert steps == ["before the check", "before the end"]
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_a_second_interrupt_does_not_wait():
    with pytest.raises(KeyboardInterrupt), interrupts_wait():  # noqa: PT012 (the second one ends it)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        pytest.fail("the second one should have ended the block")


def test_a_request_to_end_is_an_interrupt_of_its_own_kind():
    end_as_after_interrupt()
    with pytest.raises(Terminated), interrupts_wait():
        signal.raise_signal(signal.SIGTERM)


def test_signals_without_a_handler_and_other_threads_are_left_alone():
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with interrupts_wait():
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    seen = []

    def elsewhere():
        with interrupts_wait() as interrupts:
            interrupts.check()
            seen.append(signal.getsignal(signal.SIGINT))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [before]


@pytest.mark.spice
def test_an_interrupt_while_results_are_waited_for_keeps_no_lock(device, tmp_path, monkeypatch):
    """A wait that is left half-way keeps the locks that the pool needs to end: this once hung."""
    acquired = []

    def enter(self):
        for future in self.futures:
            future._condition.acquire()
            if len(acquired) == 4:
                signal.raise_signal(signal.SIGINT)
            acquired.append(future)

    monkeypatch.setattr(_base._AcquireFutures, "__enter__", enter)
    cases = drawn_cases(device, SMALL, cases=60, vectors=2)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_campaign(cases, ResultStore(tmp_path), workers=2, show=False)
    assert time.monotonic() - began < 60
    assert not [p for p in psutil.Process().children() if "spawn_main" in " ".join(p.cmdline())]


@pytest.mark.spice
def test_an_interrupt_while_workers_start_is_not_lost(device, tmp_path, monkeypatch):
    class Interrupted(executors.ProcessPoolExecutor):
        def submit(self, fn, *args):
            signal.raise_signal(signal.SIGINT)
            return super().submit(fn, *args)

    monkeypatch.setattr(executors, "ProcessPoolExecutor", Interrupted)
    cases = drawn_cases(device, SMALL, cases=5, vectors=2)
    with pytest.raises(KeyboardInterrupt):
        run_campaign(cases, ResultStore(tmp_path), workers=2, show=False)
    assert not list(tmp_path.glob("??/*.npz"))


@pytest.mark.spice
def test_a_program_that_is_just_starting_is_ended_too(monkeypatch, tmp_path):
    fake = tmp_path / "ngspice"
    fake.write_text("#!/bin/sh\nexec sleep 30\n")
    fake.chmod(0o755)
    started = []
    start = process._start

    def interrupted(*args):
        started.append(start(*args))
        signal.raise_signal(signal.SIGINT)
        return started[0]

    monkeypatch.setattr(process, "_start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_batch("* x\n.end\n", replace(find_ngspice(), program=str(fake)))
    assert started[0].poll() == -signal.SIGKILL


@pytest.mark.spice
def test_an_interrupted_validation_does_not_wait_for_ngspice(monkeypatch, tmp_path):
    fake = tmp_path / "ngspice"
    fake.write_text(f"#!/bin/sh\ntouch {tmp_path}/began\nexec sleep 60\n")
    fake.chmod(0o755)
    slow = replace(find_ngspice(), program=str(fake))
    monkeypatch.setattr("xbarsim.spice.currents.find_ngspice", lambda: slow)
    waits = references.wait

    def interrupted(*args, **options):
        if (tmp_path / "began").exists():
            signal.raise_signal(signal.SIGINT)
        return waits(*args, **options)

    monkeypatch.setattr(references, "wait", interrupted)
    case = ValidationCase(name="t", sizes=((4, 3),), circuits=6, vectors=1, models=("exact",))
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        validate(case)
    assert time.monotonic() - began < 30


@pytest.mark.spice
def test_a_program_ends_by_itself_when_its_parent_was_killed(tmp_path):
    """Processor time is limited by the kernel, whoever lives."""
    fake = tmp_path / "ngspice"
    fake.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nwhile :; do :; done\n")
    fake.chmod(0o755)
    script = (
        "from dataclasses import replace\nfrom xbarsim.spice.batch import Limits, run_batch\n"
        "from xbarsim.spice import find_ngspice, process\nprocess.os.cpu_count = lambda: 1\n"
        f"info = replace(find_ngspice(), program={str(fake)!r})\n"
        "run_batch('* x', info, limits=Limits(timeout=1.0))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
    pid = tmp_path / "pid"
    while not (pid.exists() and pid.read_text()):
        assert parent.poll() is None
        time.sleep(0.01)
    time.sleep(0.2)
    parent.kill()
    parent.wait()
    orphan = int(pid.read_text())
    until = time.monotonic() + 30
    while psutil.pid_exists(orphan) and psutil.Process(orphan).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until, "it still runs"
        time.sleep(0.05)
    assert os.getpid() != orphan
