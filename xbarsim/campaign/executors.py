"""This module is where a campaign's runs take place: here, in spawned processes, or on Dask workers.

All three are ``concurrent.futures`` executors, so that one piece of code serves them.
"""

import contextlib
import multiprocessing
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import NamedTuple, ParamSpec, TypeVar

import psutil

from xbarsim.errors import ParameterError, SpiceError

P = ParamSpec("P")
T = TypeVar("T")

_PER_WORKER = 4
_PATIENCE = 30.0
_GO_ON = "what was finished is kept: run the same campaign again to go on"


class Place(NamedTuple):
    """An executor, and how many runs it should hold at once so that no worker waits."""

    executor: Executor
    in_flight: int


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
        yield Place(_ThisProcess(), 1)
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
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_follow_parent)
    try:
        with _interrupts_ignored():
            for _ in range(workers):
                pool.submit(int)
        yield Place(pool, _PER_WORKER * workers)
    except BrokenProcessPool as error:
        msg = f"a worker was killed (out of memory? try fewer); {_GO_ON}"
        raise SpiceError(msg) from error
    except BaseException:
        for process in set(multiprocessing.active_children()) - others:
            _end_tree(process.pid)
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextlib.contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Spawn workers, which first tasks do, so that they ignore interrupts from their start."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


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
    with client:
        try:
            client.wait_for_workers(1, timeout=_PATIENCE)
            threads = sum(client.nthreads().values())
            yield Place(client.get_executor(pure=False), _PER_WORKER * threads)
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
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for child in process.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        process.kill()
