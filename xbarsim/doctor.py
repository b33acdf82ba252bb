"""This module is what xbarsim finds on a machine, what is missing, and how to get it."""

import os
import platform
import shutil
import sys
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal

from xbarsim.errors import SpiceError, StorageError

State = Literal["ok", "slow", "optional", "missing"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for.

    Attributes:
        what: Its name.
        state: ``ok``; ``slow``: it works, but better exists; ``optional``; or ``missing``.
        found: What is there.
        advice: What to do, empty when nothing is to be done.
    """

    what: str
    state: State
    found: str
    advice: str = ""


def examine() -> list[Finding]:
    """Look at the machine; nothing is changed, and it takes about a second."""
    return [
        Finding("python", "ok", f"{platform.python_version()} on {platform.platform()}"),
        *_packages(),
        _ngspice(),
        _gpu(),
        _speed(),
        _cache(),
        _data(),
    ]


def _packages() -> list[Finding]:
    """Return what is missing of the package's own requirements, and the state of each extra."""
    needed, extras = [], dict[str, list[str]]()
    for line in requires("xbarsim") or []:
        name, _, marker = line.partition(";")
        name = _name(name)
        extra = marker.partition("extra ==")[2].strip(" '\"")
        if not extra:
            needed.append(name)
        elif name != "xbarsim":
            extras.setdefault(extra, []).append(name)
    findings = [_package(name) for name in needed]
    lacking = [f for f in findings if f.state == "missing"]
    torch, numpy = (_version(name) or "none" for name in ("torch", "numpy"))
    summary = f"{len(needed) - len(lacking)} of {len(needed)}; torch {torch}, numpy {numpy}"
    found = [Finding("packages", "missing" if lacking else "ok", summary), *lacking]
    for extra, names in extras.items():
        if extra == "all":
            continue
        there = [f"{n} {_version(n)}" for n in names if _version(n)]
        complete = len(there) == len(names)
        advice = "" if complete else f"pip install 'xbarsim[{extra}]'"
        found.append(
            Finding(f"extra {extra}", "ok" if complete else "optional", ", ".join(there), advice)
        )
    return found


def _name(requirement: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else " " for c in requirement).split()[0]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _package(name: str) -> Finding:
    found = _version(name)
    advice = "" if found else f"pip install {name}"
    return Finding(name, "ok" if found else "missing", found, advice)


def _ngspice() -> Finding:
    from xbarsim.spice.ngspice import find_ngspice, missing_parts

    if missing := missing_parts():
        return Finding("ngspice", "missing", "; ".join(missing), _ngspice_advice(missing))
    try:
        info = find_ngspice()
    except SpiceError as error:
        return Finding("ngspice", "missing", str(error).split(";")[0], how_to_get_ngspice())
    found = f"{info.solver}, {info.program}, {info.library}"
    if info.klu:
        return Finding("ngspice", "ok", found)
    advice = f"without KLU, 128x128 takes minutes; get ngspice 42 or later: {how_to_get_ngspice()}"
    return Finding("ngspice", "slow", found, advice)


def _ngspice_advice(missing: list[str]) -> str:
    """Say what to do about the missing parts: a wrong path is not mended by installing."""
    wrong = any("NGSPICE_LIBRARY_PATH" in part for part in missing)
    steps = ["unset NGSPICE_LIBRARY_PATH, or set it to the library's full path"] if wrong else []
    if len(missing) > wrong:
        steps.append(how_to_get_ngspice())
    return "; and ".join(steps)


def how_to_get_ngspice() -> str:
    """Return the commands that install ngspice and its library on this system."""
    if sys.platform == "darwin":
        return "brew install ngspice libngspice"
    sudo = "" if hasattr(os, "geteuid") and os.geteuid() == 0 else "sudo "
    if shutil.which("apt-get"):
        plain = f"{sudo}apt-get update && {sudo}apt-get install ngspice libngspice0"
        if _os_release().get("VERSION_CODENAME") == "bookworm":
            return (
                f"{plain} (Debian 12's own has no KLU solver: good to 64x64, minutes at 128x128; for "
                "KLU run `make ngspice` in a checkout, or add the suite bookworm-backports to apt's "
                f"sources and {sudo}apt-get install -t bookworm-backports ngspice libngspice0)"
            )
        return plain
    if shutil.which("dnf"):
        return f"{sudo}dnf install ngspice libngspice"
    if shutil.which("conda"):
        return "conda install -c conda-forge ngspice ngspice-lib"
    return (
        "install ngspice and its shared library from your system or ngspice.sourceforge.io, put "
        "the program on PATH and set NGSPICE_LIBRARY_PATH to the library's full path"
    )


def _os_release() -> dict[str, str]:
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}


def _gpu() -> Finding:
    if not _version("torch"):
        return Finding("gpu", "optional", "unknown without torch")
    import torch

    if torch.cuda.is_available():
        return Finding("gpu", "ok", torch.cuda.get_device_name())
    built = torch.version.cuda or "none"
    return Finding("gpu", "optional", f"none in use (torch built for CUDA: {built})",
                   "not needed; training on CIFAR-10 is where one helps")  # fmt: skip


def _speed() -> Finding:
    from xbarsim.fast.tiles import cores

    rate = measure_gflops()
    found = f"{rate:.1f} GFLOP/s in float64 products, {cores()} cores, {_processor()}"
    slow = rate < 5
    advice = "expect everything to take several times longer than the docs say" if slow else ""
    return Finding("speed", "slow" if slow else "ok", found, advice)


def measure_gflops(size: int = 512, seconds: float = 0.2) -> float:
    """Return the rate of float64 matrix products on this machine now. [GFLOP/s]"""
    import numpy as np

    a = np.random.default_rng(0).random((size, size))
    b = a @ a
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < seconds or count == 0:
        np.matmul(a, a, out=b)
        count += 1
    return 2e-9 * size**3 * count / (time.perf_counter() - start)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _cache() -> Finding:
    from xbarsim.storage import cache_folder

    try:
        return Finding("cache", "ok", str(cache_folder()))
    except StorageError as error:
        return Finding("cache", "missing", str(error), "set XBARSIM_CACHE to a folder")


def _data() -> Finding:
    folder = os.environ.get("XBARSIM_DATA", "")
    if folder and Path(folder).is_dir():
        return Finding("data sets", "ok", folder)
    found = f"XBARSIM_DATA={folder} is no folder" if folder else "XBARSIM_DATA is not set"
    advice = "only for MNIST and CIFAR-10: export XBARSIM_DATA=FOLDER; digits need nothing"
    return Finding("data sets", "optional", found, advice)
