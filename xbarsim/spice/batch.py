"""This module is ngspice as a program of its own: deck file in, binary raw file out, no shell."""

import contextlib
import re
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xbarsim.errors import SpiceError, StorageError
from xbarsim.spice.judge import judge_log, tail
from xbarsim.spice.ngspice import NgspiceInfo
from xbarsim.spice.process import run_limited


@dataclass(frozen=True)
class Limits:
    """What one run may take.

    Attributes:
        timeout: Wall time. [s]
        memory: Address space. [bytes]
    """

    timeout: float = 600.0
    memory: int = 8 * 2**30


def run_batch(
    deck: str, info: NgspiceInfo, *, limits: Limits | None = None
) -> tuple[dict[str, NDArray[np.float64]], str]:
    """Run a deck with ``ngspice -b`` in a folder of its own.

    Args:
        deck: Text of the deck.
        info: Where the program is.
        limits: Time and memory that the run may take; ten minutes and 8 GiB by default.

    Returns:
        Saved vectors by name, each one value per point, and what ngspice printed.

    Raises:
        SpiceError: If ngspice fails, is killed, runs too long, or leaves a doubtful answer.
        StorageError: If the deck cannot be written.
    """
    with _folder_with(deck) as folder:
        command = [info.program, "-n", "-b", "-r", "out.raw", "deck.cir"]
        log = _execute(command, folder, limits or Limits(), deck)
        raw = folder / "out.raw"
        if not raw.is_file() or raw.stat().st_size == 0:
            msg = "ngspice left no results; does the deck hold an analysis (.op, .dc, .tran)?"
            raise SpiceError(msg, deck=deck, log_tail=tail(log))
        return read_raw(raw.read_bytes(), deck=deck), log


@contextlib.contextmanager
def _folder_with(deck: str) -> Iterator[Path]:
    """Yield a new folder that holds the deck."""
    with contextlib.ExitStack() as stack:
        try:
            name = stack.enter_context(tempfile.TemporaryDirectory(prefix="xbarsim-"))
            (Path(name) / "deck.cir").write_text(deck)
        except OSError as error:
            msg = (
                f"cannot write a deck in {tempfile.gettempdir()}: {error.strerror}; free some space, "
                "or set TMPDIR to another folder"
            )
            raise StorageError(msg) from error
        yield Path(name)


def _execute(command: list[str], folder: Path, limits: Limits, deck: str) -> str:
    """Run the program and judge its exit code and its log."""
    code, log = run_limited(
        command, folder, timeout=limits.timeout, memory=limits.memory, deck=deck
    )
    if code < 0:
        name = signal.Signals(-code).name
        msg = f"ngspice was killed by {name}; out of memory, or stopped from outside?"
        raise SpiceError(msg, deck=deck, log_tail=tail(log))
    judge_log(log, deck=deck)
    if code != 0:
        msg = f"ngspice ended with exit code {code}"
        raise SpiceError(msg, deck=deck, log_tail=tail(log))
    return log


def read_raw(data: bytes, *, deck: str = "") -> dict[str, NDArray[np.float64]]:
    """Read one plot of a binary raw file of real vectors.

    Raises:
        SpiceError: If the file is cut short or is not what it says.
    """
    head, mark, body = data.partition(b"Binary:\n")
    text = head.decode("utf8", errors="replace")
    fields = dict(re.findall(r"^(No\. Variables|No\. Points|Flags):\s*(\S+)", text, re.MULTILINE))
    names = re.findall(r"^\t\d+\t(\S+)\t\S+", text, re.MULTILINE)
    if not mark or fields.get("Flags") != "real" or not fields.get("No. Points", "").isdigit():
        msg = "the raw file has no header of a real, binary plot; it is damaged or from another run"
        raise SpiceError(msg, deck=deck, log_tail=text[:500])
    n_points = int(fields["No. Points"])
    expected = 8 * n_points * len(names)
    if str(len(names)) != fields.get("No. Variables") or len(body) != expected or n_points == 0:
        msg = f"the raw file holds {len(body)} bytes of values where its header says {expected}"
        raise SpiceError(msg, deck=deck)
    values = np.frombuffer(body, dtype="<f8").reshape(n_points, len(names))
    return {name.lower(): values[:, k].copy() for k, name in enumerate(names)}
