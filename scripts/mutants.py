"""Mutation check: change the numerical core in one place at a time and see whether a test notices.

    python scripts/mutants.py --sample 200            # a seeded sample, spread over the rooms
    python scripts/mutants.py --room mapping          # every mutant of one room
    python scripts/mutants.py --report                # drop results of files that changed since, print

Works on a copy of the tracked files. Results are kept after each mutant in
validation/trust/mutants.json, so that a killed run resumes; a survivor that is no fault is explained
in scripts/mutants.toml. Tests run in a fork of this process, which has loaded the heavy libraries.
"""

import argparse
import ast
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain, zip_longest
from pathlib import Path

import numba
import pytest
import scipy.sparse.linalg  # noqa: F401 (loaded once, for all forks)
import torch  # noqa: F401
from mutant_rooms import ROOMS, nearest
from mutator import Mutant, Mutator
from rich.progress import track

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "validation/trust/mutants.json"
EXPLAINED = ROOT / "scripts/mutants.toml"
NEAR_SECONDS, ALL_SECONDS = 300, 1500
"""After so long a mutant hangs; all of a room's tests, compiled anew on a busy machine, take long."""


def mutants_of(room: str) -> Iterator[Mutant]:
    """Yield every mutant of a room."""
    targets = [ROOT / name for name in ROOMS[room][0]]
    for path in chain.from_iterable(
        sorted(target.rglob("*.py")) if target.is_dir() else [target] for target in targets
    ):
        mutator = Mutator()
        mutator.visit(ast.parse(path.read_text()))
        for place, (line, change) in enumerate(mutator.changes):
            yield Mutant(room, str(path.relative_to(ROOT)), place, line, change)


class FirstFailure:
    """A pytest plug-in that writes down which test noticed the mutant."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def pytest_runtest_logreport(self, report) -> None:  # noqa: ANN001
        """Keep the first failure's name."""
        if report.failed and not self.path.exists():
            self.path.write_text(report.nodeid)


def in_fork(tests: list[str], copy: Path, compiled: Path, seconds: float) -> tuple[str, str]:
    """Run tests in a fork: whether they passed, failed or hung, and which failed first."""
    noticed = copy / ".noticed"
    noticed.unlink(missing_ok=True)
    shutil.rmtree(copy / ".hypothesis", ignore_errors=True)
    pid = os.fork()
    if pid == 0:
        os._exit(_child(tests, copy, compiled, noticed))
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            fate = "passed" if os.waitstatus_to_exitcode(status) == 0 else "failed"
            return fate, noticed.read_text() if noticed.exists() else "import or collection"
        time.sleep(0.1)
    os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return "hung", f"no end within {seconds} s"


def _child(tests: list[str], copy: Path, compiled: Path, noticed: Path) -> int:
    os.setsid()
    os.chdir(copy)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for stream in (1, 2):
        os.dup2(os.open(copy / ".said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), stream)
    os.environ["PYTHONPATH"] = os.environ["PYTHONPYCACHEPREFIX"] = str(copy)
    sys.path.insert(0, str(copy))
    sys.dont_write_bytecode = True
    os.environ["NUMBA_CACHE_DIR"] = numba.config.CACHE_DIR = str(compiled)
    options = ["-x", "-q", "-p", "no:cacheprovider", "-m", "not slow"]
    return int(pytest.main([*options, *tests], plugins=[FirstFailure(noticed)]))


def fate(mutant: Mutant, copy: Path) -> tuple[str, str]:
    """Run the nearest tests on one mutant, then the room's: killed, hung (killed too), survived."""
    path = copy / mutant.file
    original, stat = path.read_text(), path.stat()
    path.write_text(ast.unparse(ast.fix_missing_locations(
        Mutator(mutant.place).visit(ast.parse(original))
    )))  # fmt: skip
    first = nearest(mutant)
    try:
        with tempfile.TemporaryDirectory() as fresh:
            # What the compiler kept may hold the old function inlined in another file's.
            inlined = "njit" in original or "intrinsic" in original
            compiled = Path(fresh) if inlined else copy / ".compiled"
            rounds = ((first, NEAR_SECONDS), (ROOMS[mutant.room][1], ALL_SECONDS))
            for tests, seconds in rounds:
                if not tests:
                    continue
                result, name = in_fork(tests, copy, compiled, seconds)
                if result != "passed":
                    return ("killed" if result == "failed" else result), name
        return "survived", ""
    finally:
        path.write_text(original)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def chosen(rooms: list[str], sample: int | None, seed: int) -> list[Mutant]:
    """Take all mutants or a sample, room after room in turn, so that a part of it is fair too."""
    found = {room: list(mutants_of(room)) for room in rooms}
    share = None if sample is None else -(-sample // len(rooms))
    draw = random.Random(seed)  # noqa: S311
    parts = [draw.sample(found[room], min(share or 10**9, len(found[room]))) for room in rooms]
    return [mutant for mutant in chain.from_iterable(zip_longest(*parts)) if mutant]


def tracked_copy(folder: Path) -> Path:
    """Copy the tracked files, so that the checkout is never changed."""
    names = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607
        cwd=ROOT, capture_output=True, check=True, text=True,
    ).stdout.split("\0")  # fmt: skip
    for name in filter(None, names):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
    return folder


def known() -> list[dict]:
    """Return the results that are kept."""
    return json.loads(OUT.read_text())["mutants"] if OUT.exists() else []


def digest(file: str, root: Path = ROOT) -> str:
    """Name a file's content."""
    return hashlib.sha256((root / file).read_bytes()).hexdigest()[:16]


def explanations() -> dict:
    """Return why survivors are no faults, by file and change."""
    return tomllib.loads(EXPLAINED.read_text()) if EXPLAINED.exists() else {}


def summary(lines: list[dict]) -> dict:
    """Count what was killed, room by room, and name every survivor with its explanation."""
    why = explanations()
    rooms = {}
    for room in ROOMS:
        mine = [line for line in lines if line["room"] == room]
        killed = sum(line["fate"] != "survived" for line in mine)
        if mine:
            rooms[room] = {"mutants": len(mine), "killed": killed, "share": killed / len(mine)}
    survivors = [
        {"file": line["file"], "line": line["line"], "change": line["change"],
         "explanation": why.get(line["file"], {}).get(line["change"], "")}
        for line in lines if line["fate"] == "survived"
    ]  # fmt: skip
    killed = sum(room["killed"] for room in rooms.values())
    explained = sum(bool(s["explanation"]) for s in survivors)
    return {
        "command": "python scripts/mutants.py --sample 200", "mutants_tried": len(lines),
        "killed": killed, "share": killed / max(1, len(lines)),
        "share_without_explained": killed / max(1, len(lines) - explained),
        "rooms": rooms,
        "survivors": survivors, "mutants": lines,
    }  # fmt: skip


def keep(lines: list[dict]) -> None:
    """Write the results whole."""
    OUT.parent.mkdir(parents=True, exist_ok=True)
    new = OUT.with_suffix(".new")
    new.write_text(json.dumps(summary(lines), indent=1) + "\n")
    new.replace(OUT)


def run(wanted: list[Mutant]) -> None:
    """Try every mutant that has no result yet, after a look that the unchanged tests pass."""
    why = explanations()
    # A survivor without an explanation is tried again: tests may notice it by now.
    lines = [
        m for m in known() if m["fate"] != "survived" or why.get(m["file"], {}).get(m["change"])
    ]
    done = {(line["file"], line["place"], line["sha256"]) for line in lines}
    todo = [m for m in wanted if (m.file, m.place, digest(m.file)) not in done]
    with tempfile.TemporaryDirectory() as folder:
        copy = tracked_copy(Path(folder))
        for room in {m.room for m in todo}:
            result, name = in_fork(ROOMS[room][1], copy, copy / ".compiled", ALL_SECONDS)
            if result != "passed":
                print((copy / ".said").read_text()[-30000:])
                sys.exit(f"the unchanged tests of {room} do not pass: {result}, {name}")
        for mutant in track(todo, "mutants"):
            result, name = fate(mutant, copy)
            said = {"sha256": digest(mutant.file, copy), "fate": result, "noticed_by": name}
            lines.append({**asdict(mutant), **said})
            keep(lines)


def main() -> None:
    """Read the arguments and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--room", choices=ROOMS, action="append", help="rooms to mutate (all)")
    parser.add_argument("--sample", type=int, help="how many mutants, spread over the rooms (all)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sample")
    parser.add_argument("--report", action="store_true", help="run nothing, print what is known")
    options = parser.parse_args()
    if not options.report:
        run(chosen(options.room or list(ROOMS), options.sample, options.seed))
    fresh = [line for line in known() if line["sha256"] == digest(line["file"])]
    keep(fresh)
    found = summary(fresh)
    for line in found["survivors"]:
        print(f"survived: {line['file']}:{line['line']}: {line['change']}: {line['explanation']}")
    for room, count in found["rooms"].items():
        print(f"{room}: {count['killed']} of {count['mutants']} killed ({count['share']:.1%})")
    print(f"all: {found['killed']} of {found['mutants_tried']} killed ({found['share']:.1%})")


if __name__ == "__main__":
    main()
