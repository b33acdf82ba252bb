"""This module is how peak memory is measured: each task alone, in a process of its own."""

import re
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from xbarsim.errors import ParameterError


def peak_growth(framework: str, batch: int, steps: int) -> float:
    """Return by how much an inference raises the peak memory of a fresh process. [byte]

    Raises:
        ParameterError: Elsewhere than on Linux, where a peak cannot be started anew.
    """
    if not Path("/proc/self/clear_refs").exists():
        msg = "peak memory is measured by /proc/self/clear_refs, which is not here; use Linux"
        raise ParameterError(msg)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_growth, framework, batch, steps).result()


def _growth(framework: str, batch: int, steps: int) -> float:
    from xbarsim.benchmarks.learning import inference_tasks

    # One small run loads and compiles; what that took at its height is not the task's.
    inference_tasks(1, 1)[framework]()
    task = inference_tasks(batch, steps)[framework]
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = peak_of()
    task()
    return peak_of() - before


def peak_of() -> float:
    """Return the largest memory that this process has held. [byte]

    Raises:
        ParameterError: Elsewhere than on Linux.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    kilobytes = re.search(r"VmHWM:\s+(\d+) kB", status)
    if kilobytes is None:
        msg = "/proc/self/status does not tell the peak memory (VmHWM); measure memory on Linux"
        raise ParameterError(msg)
    return 1024.0 * int(kilobytes[1])
