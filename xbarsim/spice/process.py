"""This module is one run of a program: limited in time and memory, and never left behind."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from xbarsim.errors import SpiceError


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
    try:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        msg = f"{command[0]} could not be started: {error}"
        raise SpiceError(msg, deck=deck) from error
    try:
        _limit_memory(process.pid, memory)
        output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired as error:
        msg = f"ngspice did not finish within {timeout:g} s; raise the limit or use smaller tiles"
        raise SpiceError(msg, deck=deck) from error
    finally:
        _end(process)
    return process.returncode, output.decode("utf8", errors="replace")


def _limit_memory(pid: int, memory: int) -> None:
    """Limit the child from outside: a hook between fork and exec could deadlock."""
    if sys.platform == "linux":
        import resource

        # It may have finished already.
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_AS, (memory, memory))


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the program and whatever it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
