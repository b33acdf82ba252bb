"""The rooms of the mutation check: which code is mutated, and which tests notice it first."""

import ast
import re
from pathlib import Path

from mutator import Mutant

ROOT = Path(__file__).resolve().parents[1]
BY_HAND = "tests/independent"
ROOMS = {
    "circuit": (["xbarsim/circuit"], [BY_HAND, "tests/spice"]),
    "netlist": (
        ["xbarsim/spice/deck.py", "xbarsim/spice/subckt.py", "xbarsim/spice/pulses.py"],
        [BY_HAND, "tests/spice"],
    ),
    "reference": (
        ["xbarsim/reference"],
        [BY_HAND, "tests/fast", "tests/spice", "tests/trust/test_paranoid.py"],
    ),
    "fast": (
        ["xbarsim/fast"],
        ["tests/fast", BY_HAND, "tests/hardware", "tests/test_orientation.py"],
    ),
    "mapping": (
        ["xbarsim/mapping"],
        ["tests/mapping", "tests/hardware", "tests/inference", "tests/test_orientation.py"],
    ),
    "neurons": (["xbarsim/network"], ["tests/network", "tests/inference", "tests/exchange"]),
}
NEAREST = {
    "circuit": ["tests/spice/test_topologies.py", "tests/spice/test_golden.py"],
    "netlist": ["tests/spice/test_golden.py", "tests/spice/test_rules.py"],
    "reference": ["tests/fast/test_inside.py", "tests/spice/test_topologies.py"],
    "activity": ["tests/fast/test_activity.py"],
    "adjoint": ["tests/fast/test_adjoint.py"],
    "batched": ["tests/fast/test_adjoint.py", "tests/fast/test_silent_rows.py"],
    "branches": ["tests/fast/test_inside.py", "tests/fast/test_state.py"],
    "chunks": ["tests/fast/test_adjoint.py"],
    "closed_form": ["tests/fast/test_closed_form.py"],
    "inside": ["tests/fast/test_inside.py", "tests/fast/test_iterative.py"],
    "iterative": ["tests/fast/test_iterative.py"],
    "sweeps": ["tests/fast/test_iterative.py"],
    "laws": ["tests/fast/test_nonlinear.py", "tests/fast/test_inside.py"],
    "lines": ["tests/fast/test_silent_rows.py", "tests/fast/test_exact.py"],
    "nodes": ["tests/fast/test_inside.py", "tests/fast/test_state.py"],
    "noise": ["tests/fast/test_noise.py", "tests/fast/test_adjoint.py"],
    "nonlinear": ["tests/fast/test_nonlinear.py"],
    "nonlinear_static": ["tests/fast/test_nonlinear_static.py"],
    "patterns": ["tests/fast/test_activity.py"],
    "rational": ["tests/fast/test_activity.py"],
    "silence": ["tests/fast/test_state.py", "tests/fast/test_silent_rows.py"],
    "state": ["tests/fast/test_state.py"],
    "tiles": ["tests/hardware/test_tiled.py"],
    "reference/distrust": ["tests/trust/test_paranoid.py"],
}
"""Tests that are tried first, by file or room; all of the room's follow when they pass.

For a file that is not here, the tests that mention a name it defines, else those of its folder."""


def nearest(mutant: Mutant) -> list[str]:
    """Name the test files that are likeliest to notice a mutant, those that say most of it first."""
    path = ROOT / mutant.file
    room = path.stem if mutant.room == "fast" else mutant.room
    by_hand = NEAREST.get(f"{mutant.room}/{path.stem}", NEAREST.get(room))
    if by_hand:
        return by_hand
    names = [
        node.name for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]  # fmt: skip
    word = re.compile(rf"\b({'|'.join([*names, re.escape(f'{path.parent.name}.{path.stem}')])})\b")
    folders = [ROOT / name for name in ROOMS[mutant.room][1] if (ROOT / name).is_dir()]
    files = [file for folder in folders for file in sorted(folder.rglob("test_*.py"))]
    said = {file: len(word.findall(file.read_text())) for file in files}
    near = sorted((file for file in files if said[file]), key=lambda file: -said[file])
    own = ROOT / "tests" / path.parent.name
    return [str(file.relative_to(ROOT)) for file in near or [own] if file.exists()]
