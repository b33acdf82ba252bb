"""This module is the benchmark of SPICE campaigns: two workers against one, memory, and two kills."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from xbarsim.campaign import ResultStore, drawn_cases, run_campaign
from xbarsim.errors import SpiceError
from xbarsim.parameters import load_crossbar, load_device
from xbarsim.spice import find_ngspice

Figures = dict[str, tuple[float, str]]

_PRESET = "bhattacharjee2022"
_SIDE, _VECTORS = 32, 20
_KILLS = (1 / 3, 2 / 3)
_SHIM = """#!/bin/sh
[ "$1" = --version ] || echo run >> "{log}"
exec "{program}" "$@"
"""


def bench_campaign(*, quick: bool) -> Figures:
    """Run random 32x32 circuits under 20 vectors on one worker and on two.

    A half of them on either, in quarters: one, two, two, one worker in turn.
    """
    circuits = _circuits(quick=quick)
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for quarter, workers in enumerate((1, 2, 2, 1)):
        seconds[workers].append(_timed(circuits // 4, seed=quarter // 2, workers=workers))
    name = _name(circuits)
    return {
        f"{name}: two workers / one": (sum(seconds[1]) / sum(seconds[2]), ">= 1.6"),
        f"{name}: two workers [circuits/s]": (circuits // 2 / sum(seconds[2]), ""),
    }


def bench_campaign_kills(*, quick: bool) -> Figures:
    """Kill a campaign of random 32x32 circuits under 20 vectors twice, and count what that cost.

    The campaign is the command itself, ended with SIGKILL at a third and at two thirds; an ngspice
    that counts its starts and the files' own times say what was lost and what ran again. Nothing is
    timed.
    """
    circuits = _circuits(quick=quick)
    found = _killed(circuits)
    name = _name(circuits)
    return {
        f"{name}: memory of all processes at most [GiB]": (found.peak / 2**30, "< 1"),
        f"{name}: results lost in two kills": (found.lost, "0"),
        f"{name}: results computed twice": (found.again, "0"),
        f"{name}: runs cut off by the kills": (found.started - circuits, "<= 4"),
    }


def _circuits(*, quick: bool) -> int:
    return 24 if quick else 1000


def _name(circuits: int) -> str:
    return f"{circuits} circuits of {_SIDE}x{_SIDE}, {_VECTORS} vectors"


def _timed(circuits: int, *, seed: int, workers: int) -> float:
    with tempfile.TemporaryDirectory(prefix="xbarsim-") as folder:
        cases = drawn_cases(
            load_device(_PRESET), load_crossbar(_PRESET, rows=_SIDE, cols=_SIDE), cases=circuits,
            vectors=_VECTORS, seed=seed,
        )  # fmt: skip
        start = time.perf_counter()
        run_campaign(cases, ResultStore(Path(folder)), workers=workers, show=False)
        return time.perf_counter() - start


@dataclass
class _Killed:
    """What became of a campaign that was killed twice: bytes, results, and runs of ngspice."""

    peak: int = 0
    lost: int = 0
    again: int = 0
    started: int = 0


def _killed(circuits: int) -> _Killed:
    """Run the command, kill it at each share of its results, and let the last run end."""
    found = _Killed()
    kept: dict[Path, int] = {}
    with tempfile.TemporaryDirectory(prefix="xbarsim-") as name:
        folder = Path(name)
        for share in (*_KILLS, None):
            enough = circuits if share is None else int(share * circuits)
            _run_until(folder, circuits, enough, found, kill=share is not None)
            now = {path: path.stat().st_mtime_ns for path in _results(folder)}
            found.lost += len(kept.keys() - now.keys())
            found.again += sum(now.get(path, when) != when for path, when in kept.items())
            kept = now
        found.lost += circuits - len(kept)
        found.started = len((folder / "starts").read_text().split())
        _refuse_other_table(folder / "table.npz", circuits)
    return found


def _results(folder: Path) -> list[Path]:
    return [path for path in folder.glob("store/??/*.npz") if not path.name.startswith(".")]


def _run_until(folder: Path, circuits: int, enough: int, found: _Killed, *, kill: bool) -> None:
    """Run the command until it ends, or until it has kept enough and is killed."""
    command = [
        sys.executable, "-m", "xbarsim", "campaign", _PRESET, "--cases", str(circuits), "--vectors",
        str(_VECTORS), "--rows", str(_SIDE), "--cols", str(_SIDE), "--workers", "2", "--store",
        str(folder / "store"), "--out", str(folder / "table.npz"),
    ]  # fmt: skip
    path = f"{_counting_ngspice(folder)}{os.pathsep}{os.environ['PATH']}"
    process = psutil.Popen(
        command, env={**os.environ, "PATH": path}, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    family: list[psutil.Process] = []
    while process.poll() is None:
        family = [process, *process.children(recursive=True)]
        found.peak = max(found.peak, sum(map(_resident, family)))
        if kill and len(_results(folder)) >= enough:
            process.kill()
        time.sleep(0.1)
    psutil.wait_procs(family, timeout=30)
    if kill != (process.returncode < 0):
        msg = (
            f"the campaign ended with {process.returncode} {'before' if kill else 'without'} a kill"
        )
        raise SpiceError(msg)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _counting_ngspice(folder: Path) -> Path:
    """Write a program in front of ngspice that notes every start; return its folder."""
    place = folder / "bin"
    if not place.exists():
        place.mkdir()
        script = _SHIM.format(log=folder / "starts", program=shutil.which(find_ngspice().program))
        (place / "ngspice").write_text(script)
        (place / "ngspice").chmod(0o755)
    return place


def _refuse_other_table(path: Path, circuits: int) -> None:
    with np.load(path, allow_pickle=False) as table:
        if (
            len(table["i_col"]) != circuits * _VECTORS * _SIDE
            or not np.isfinite(table["i_col"]).all()
        ):
            msg = f"the campaign's table holds {len(table['i_col'])} currents"
            raise SpiceError(msg)
