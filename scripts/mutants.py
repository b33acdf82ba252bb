"""Mutation check: change the numerical core in one place at a time and see whether a test notices.

    python scripts/mutants.py --sample 100            # a seeded sample, spread over the rooms
    python scripts/mutants.py --room mapping          # every mutant of one room

Works on a copy of the tracked files. Results are kept line by line, so that a killed run resumes;
survivors are printed at the end with what was changed.
"""

import argparse
import ast
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.progress import track

ROOT = Path(__file__).resolve().parents[1]
ROOMS = {
    "circuit": ("xbarsim/circuit", ["tests/independent", "tests/spice"]),
    "netlist": ("xbarsim/spice/deck.py", ["tests/independent", "tests/spice"]),
    "reference": ("xbarsim/reference", ["tests/independent", "tests/fast", "tests/spice"]),
    "fast": ("xbarsim/fast", ["tests/independent", "tests/fast", "tests/test_orientation.py"]),
    "mapping": (
        "xbarsim/mapping",
        ["tests/mapping", "tests/hardware", "tests/test_orientation.py"],
    ),
    "neurons": ("xbarsim/network", ["tests/network", "tests/inference"]),
}
OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
SWAPS = {
    "r_wire_row": "r_wire_col", "r_wire_col": "r_wire_row", "r_driver": "r_sense",
    "r_sense": "r_driver", "rows": "cols", "cols": "rows",
}  # fmt: skip
SECONDS = 600


@dataclass(frozen=True)
class Mutant:
    """One change: the k-th place of a file at which a change is possible, and what it is in words."""

    room: str
    file: str
    place: int
    line: int
    change: str

    @property
    def key(self) -> str:
        """What tells it from all others."""
        return f"{self.file}:{self.place}"


class Mutator(ast.NodeTransformer):
    """Counts the places where a change is possible, and makes the one that is asked for."""

    def __init__(self, wanted: int = -1) -> None:
        self.wanted, self.changes = wanted, []

    def _offer(self, node: ast.AST, words: str) -> bool:
        self.changes.append((node.lineno, words))
        return len(self.changes) - 1 == self.wanted

    def _operator(self, node, name):  # noqa: ANN001, ANN202
        self.generic_visit(node)
        owner = getattr(node, name)
        old = owner[0] if isinstance(owner, list) else owner
        new = OPERATORS.get(type(old))
        words = f"{type(old).__name__} -> {new.__name__}" if new else ""
        if new and self._offer(node, f"{words} in {ast.unparse(node)[:70]}"):
            setattr(node, name, [new(), *owner[1:]] if isinstance(owner, list) else new())
        return node

    def visit_BinOp(self, node):  # noqa: ANN001, ANN201
        """Swap an arithmetic operator; unions of types are no arithmetic."""
        return node if isinstance(node.op, ast.BitOr) else self._operator(node, "op")

    def visit_Compare(self, node):  # noqa: ANN001, ANN201
        """Move a comparison by one."""
        return self._operator(node, "ops")

    def visit_BoolOp(self, node):  # noqa: ANN001, ANN201
        """Swap and with or."""
        return self._operator(node, "op")

    def visit_Constant(self, node):  # noqa: ANN001, ANN201
        """Move an integer by one: indices, axes, first and last segments."""
        if type(node.value) is int and abs(node.value) < 10:
            new = 1 - node.value if node.value in (0, 1) else node.value + 1
            if self._offer(node, f"{node.value} -> {new}"):
                return ast.copy_location(ast.Constant(new), node)
        return node

    def visit_UnaryOp(self, node):  # noqa: ANN001, ANN201
        """Drop a minus or an inversion."""
        self.generic_visit(node)
        drops = isinstance(node.op, ast.USub | ast.Invert | ast.Not)
        return (
            node.operand
            if drops and self._offer(node, f"drop in {ast.unparse(node)[:70]}")
            else node
        )

    def visit_Attribute(self, node):  # noqa: ANN001, ANN201
        """Swap rows with columns and drivers with sense resistors; drop a transpose."""
        self.generic_visit(node)
        if node.attr in SWAPS and self._offer(node, f"{node.attr} -> {SWAPS[node.attr]}"):
            node.attr = SWAPS[node.attr]
        elif node.attr in ("T", "mT") and self._offer(node, f"drop .{node.attr}"):
            return node.value
        return node

    def visit_FunctionDef(self, node):  # noqa: ANN001, ANN201
        """Change bodies and defaults only: annotations and decorators compute nothing."""
        node.body = [self.visit(part) for part in node.body]
        return node

    def visit_AnnAssign(self, node):  # noqa: ANN001, ANN201
        """Leave the fields of parameter types alone."""
        return node

    def visit_Raise(self, node):  # noqa: ANN001, ANN201
        """Leave messages alone."""
        return node

    visit_JoinedStr = visit_AnnAssign  # noqa: N815


def mutants_of(room: str) -> Iterator[Mutant]:
    """Yield every mutant of a room."""
    target = ROOT / ROOMS[room][0]
    for path in sorted(target.rglob("*.py")) if target.is_dir() else [target]:
        mutator = Mutator()
        mutator.visit(ast.parse(path.read_text()))
        for place, (line, change) in enumerate(mutator.changes):
            yield Mutant(room, str(path.relative_to(ROOT)), place, line, change)


def fate(mutant: Mutant, copy: Path) -> str:
    """Run the room's tests on one mutant: killed, hung (killed as well), or survived."""
    path = copy / mutant.file
    original = path.read_text()
    path.write_text(ast.unparse(ast.fix_missing_locations(
        Mutator(mutant.place).visit(ast.parse(original))
    )))  # fmt: skip
    kernel = copy / "xbarsim/fast/kernel.py"
    kernel.touch()  # the compiler's cache looks at this file's date only
    command = [
        sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-m", "not slow",
        *ROOMS[mutant.room][1],
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, cwd=copy, env={**os.environ, "PYTHONPATH": str(copy)}, capture_output=True,
            timeout=SECONDS, check=False,
        )  # fmt: skip
        return {0: "survived", 1: "killed"}.get(done.returncode, "killed")
    except subprocess.TimeoutExpired:
        return "hung"
    finally:
        path.write_text(original)


def chosen(rooms: list[str], sample: int | None, seed: int) -> list[Mutant]:
    """Take all mutants, or as many of each room as make up the sample."""
    found = {room: list(mutants_of(room)) for room in rooms}
    if sample is None:
        return [mutant for room in rooms for mutant in found[room]]
    share, draw = -(-sample // len(rooms)), random.Random(seed)  # noqa: S311
    return [m for room in rooms for m in draw.sample(found[room], min(share, len(found[room])))]


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


def main() -> None:
    """Read the arguments and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--room", choices=ROOMS, action="append", help="rooms to mutate (all)")
    parser.add_argument("--sample", type=int, help="how many mutants, spread over the rooms (all)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sample")
    parser.add_argument("--out", type=Path, default=ROOT / "validation/trust/mutants.jsonl")
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    lines = options.out.read_text().splitlines() if options.out.exists() else []
    known = {f"{line['file']}:{line['place']}" for line in map(json.loads, lines)}
    wanted = chosen(options.room or list(ROOMS), options.sample, options.seed)
    with tempfile.TemporaryDirectory() as folder, options.out.open("a") as stream:
        copy = tracked_copy(Path(folder))
        for mutant in track([m for m in wanted if m.key not in known], "mutants"):
            line = json.dumps({**asdict(mutant), "fate": fate(mutant, copy)})
            print(line, file=stream, flush=True)
    report(options.out)


def report(path: Path) -> None:
    """Print the share that was killed, and every survivor."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        if line["fate"] == "survived":
            print(f"survived: {line['file']}:{line['line']}: {line['change']}")
    for room, total in sorted(Counter(line["room"] for line in lines).items()):
        killed = sum(line["room"] == room and line["fate"] != "survived" for line in lines)
        print(f"{room}: {killed} of {total} killed ({100 * killed / total:.1f} %)")


if __name__ == "__main__":
    main()
