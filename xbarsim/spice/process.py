"""This module is one run of a program: limited in time and memory, and never left behind."""

import contextlib
import math
import os
import signal
import subprocess
import sys
from pathlib import Path

from xbarsim.errors import SpiceError
from xbarsim.interrupts import interrupts_wait

_RUNNING: set["subprocess.Popen[bytes]"] = set()


def run_limited(
    command: list[str], folder: Path, *, timeout: float, memory: int, deck: str
) -> tuple[int, str]:
    """Run a program in ``folder`` without a shell and return its exit code and what it printed.

    The program gets a session of its own, which is ended whole when the time is up or this process
    is interrupted, so that no child outlives the call.

    Args:
        command: Program and arguments.
        folder: Working directory.
        timeout: Longest time that it may take. [s]
        memory: Largest address space, where the system can limit it (Linux). [bytes]
        deck: The deck, for errors.

    Raises:
        SpiceError: If it cannot be started or takes too long.
    """
    with contextlib.ExitStack() as stack:
        # An interrupt between a program's start and the taking down of its number would lose it.
        with interrupts_wait():
            process = _start(command, folder, deck)
            stack.callback(_end, process)
            _RUNNING.add(process)
        _limit(process.pid, timeout, memory)
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as error:
            msg = (
                f"ngspice did not finish within {timeout:g} s; raise the limit or use smaller tiles"
            )
            raise SpiceError(msg, deck=deck) from error
    return process.returncode, output.decode("utf8", errors="replace")


def end_all_runs() -> None:
    """End the programs that other threads wait for, so that those come to their end."""
    for process in list(_RUNNING):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _start(command: list[str], folder: Path, deck: str) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        msg = f"{command[0]} could not be started: {error}"
        raise SpiceError(msg, deck=deck) from error


def _limit(pid: int, timeout: float, memory: int) -> None:
    """Limit the child from outside: a hook between fork and exec could deadlock.

    The processor time, which ends it even when this process was killed, leaves room for threads.
    """
    if sys.platform == "linux":
        import resource

        seconds = math.ceil(timeout) * (os.cpu_count() or 1) + 1
        # It may have finished already.
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_AS, (memory, memory))
            resource.prlimit(pid, resource.RLIMIT_CPU, (seconds, seconds))


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the program and whatever it started."""
    _RUNNING.discard(process)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
