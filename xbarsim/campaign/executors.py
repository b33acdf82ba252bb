"""This module is where a campaign's runs take place: here, in spawned processes, or on Dask workers.

All three are ``concurrent.futures`` executors, so that one piece of code serves them.
"""

import contextlib
import multiprocessing
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import NamedTuple, ParamSpec, TypeVar

import psutil

from xbarsim.errors import ParameterError, SpiceError
from xbarsim.interrupts import interrupts_wait

P = ParamSpec("P")
T = TypeVar("T")

_PER_WORKER = 4
_PATIENCE = 30.0
_GRACE = 5.0
_GO_ON = "what was finished is kept: run the same campaign again to go on"


class Place(NamedTuple):
    """An executor, how many runs it should hold at once so that no worker waits, and interrupts.

    ``check_interrupts`` raises when one came; where other threads share locks with this one,
    interrupts come from there only.
    """

    executor: Executor
    in_flight: int
    check_interrupts: Callable[[], None]


@contextlib.contextmanager
def place_of_work(workers: int, scheduler: str | None) -> Iterator[Place]:
    """Yield where runs take place, and end all that was started there, however the block ends.

    Args:
        workers: Processes on this machine; one means this process.
        scheduler: Address of a Dask scheduler (``tcp://host:8786``), whose workers do the work.

    Raises:
        ParameterError: If there is no worker, or Dask is not installed.
        SpiceError: If the scheduler cannot be reached, or workers are killed.
    """
    if workers < 1:
        msg = f"a campaign on {workers} workers: give one or more"
        raise ParameterError(msg)
    if scheduler is not None:
        with _dask(scheduler) as place:
            yield place
    elif workers == 1:
        yield Place(_ThisProcess(), 1, lambda: None)
    else:
        with _pool(workers) as place:
            yield place


class _ThisProcess(Executor):
    """Runs at once, where an interrupt reaches the run."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 (it is raised where the result is asked for)
            future.set_exception(error)
        return future


@contextlib.contextmanager
def _pool(workers: int) -> Iterator[Place]:
    """Spawned, not forked: a fork of a process with threads may deadlock."""
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    with interrupts_wait() as interrupts:
        pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_follow_parent)
        try:
            with _interrupts_blocked():
                for _ in range(workers):
                    pool.submit(int)
            yield Place(pool, _PER_WORKER * workers, interrupts.check)
        except BrokenProcessPool as error:
            msg = f"a worker was killed (out of memory? try fewer); {_GO_ON}"
            raise SpiceError(msg) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            _end_workers(set(multiprocessing.active_children()) - others)
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Spawn workers, which first tasks do, so that they are deaf to Ctrl-C from their start.

    The parent is not: what comes meanwhile is delivered at the end.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_workers(workers: set[multiprocessing.process.BaseProcess]) -> None:
    """Let workers come to their end by ending their runs; killed at work, they may leave locks held."""
    until = time.monotonic() + _GRACE
    while alive := [worker for worker in workers if worker.is_alive()]:
        for worker in alive:
            if time.monotonic() > until:
                _end_tree(worker.pid)
            else:
                _end_children(worker.pid)
        time.sleep(0.05)


@contextlib.contextmanager
def _dask(scheduler: str) -> Iterator[Place]:
    try:
        from distributed import Client, KilledWorker
    except ImportError as error:
        msg = "--scheduler needs Dask: pip install 'xbarsim[dask]'"
        raise ParameterError(msg) from error
    if not re.fullmatch(r"[a-z]+://[^\s:/]+:\d{1,5}", scheduler):
        msg = f"scheduler is {scheduler!r}: give an address like tcp://host:8786"
        raise ParameterError(msg)
    try:
        client = Client(scheduler, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        msg = f"no Dask scheduler answers at {scheduler!r} ({error}); start one: dask scheduler"
        raise SpiceError(msg) from error
    with client, interrupts_wait() as interrupts:
        try:
            client.wait_for_workers(1, timeout=_PATIENCE)
            threads = sum(client.nthreads().values())
            executor = client.get_executor(pure=False)
            yield Place(executor, _PER_WORKER * threads, interrupts.check)
        except TimeoutError as error:
            msg = f"the Dask scheduler at {scheduler} has no workers; start one: dask worker"
            raise SpiceError(msg) from error
        except (KilledWorker, CancelledError) as error:
            said = str(error) or "connection lost"
            msg = f"the Dask workers or their scheduler were killed ({said}); {_GO_ON}"
            raise SpiceError(msg) from error


def _follow_parent() -> None:
    """In a worker: leave interrupts to the parent, and end with it, even if it is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            _end_tree(os.getpid())

    threading.Thread(target=wait, daemon=True).start()


def _end_tree(pid: int | None) -> None:
    """Kill a process after its descendants: each ngspice has a session of its own."""
    _end_children(pid)
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).kill()


def _end_children(pid: int | None) -> None:
    """Kill what a process has started."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
