"""This module is the guard at the door: device files from strangers may describe, and never command."""

import re
from pathlib import Path

from xbarsim.errors import ParameterError
from xbarsim.parameters import SubcircuitCell
from xbarsim.storage import read_text

_ALLOWED = {
    ".subckt", ".ends", ".model", ".param", ".func", ".include", ".inc", ".if", ".elseif", ".else",
    ".endif",
}  # fmt: skip
_ELEMENTS = set("rclkvibefghdqjmzxstwu")
_DEEPEST = 8
_COMMANDS = re.compile(r"\b(shell|system|exec)\b", re.IGNORECASE)


def read_device(cell: SubcircuitCell) -> str:
    """Return the user's device file, its includes pulled in, after checking that it only describes.

    Allowed are elements and the cards that define models, parameters and sub-circuits. Anything that
    runs, opens or writes (``.control``, ``.exec``, ``shell``, options, analyses, files outside the
    device's folder) is refused, so a stranger's file can be simulated but cannot act.

    Raises:
        ParameterError: Naming file, line and what is refused.
        StorageError: If a file cannot be read.
    """
    lines = _checked(cell.path.resolve(), cell.path.resolve().parent, 0)
    _refuse_outside_subckt(lines, cell.path)
    text = "\n".join(lines) + "\n"
    pins = 2 if cell.v_gate is None else 3
    head = re.search(rf"^\.subckt\s+{cell.subckt}\b(.*)$", text, re.IGNORECASE | re.MULTILINE)
    if head is None:
        msg = f"{cell.path} defines no .subckt {cell.subckt}; is the name right?"
        raise ParameterError(msg)
    words = re.split(r"\bparams:", re.sub(r"\s*=\s*", "=", head[1]), flags=re.IGNORECASE)
    found = [word for word in words[0].split() if "=" not in word]
    if len(found) != pins:
        msg = (
            f".subckt {cell.subckt} in {cell.path} has {len(found)} pins; a cell has {pins} (word "
            "line, bit line" + (", gate)" if pins == 3 else "; give v_gate for a third, the gate)")
        )
        raise ParameterError(msg)
    if not re.search(rf"\b{cell.parameter}=", " ".join(words), re.IGNORECASE):
        msg = f".subckt {cell.subckt} has no parameter {cell.parameter}= for the conductance [S]"
        raise ParameterError(msg)
    return text


def _refuse_outside_subckt(lines: list[str], path: Path) -> None:
    """An element outside a .subckt, or an open one, would become a part of the array's own circuit."""
    depth = 0
    for line in lines:
        word = line.split()[0].lower()
        depth += {".subckt": 1, ".ends": -1}.get(word, 0)
        if depth < 0 or (depth == 0 and not word.startswith(".")):
            msg = f"{path.name}: {line[:60]!r} stands outside a .subckt; move it inside"
            raise ParameterError(msg)
    if depth:
        msg = f"{path.name}: {depth} .subckt without .ends; it would swallow the array"
        raise ParameterError(msg)


def _checked(path: Path, folder: Path, depth: int) -> list[str]:
    """Return the joined lines of a file, its includes replaced by what they include."""
    if depth > _DEEPEST:
        msg = f"{path}: includes are nested deeper than {_DEEPEST}; does a file include itself?"
        raise ParameterError(msg)
    lines: list[str] = []
    for number, line in enumerate(_joined(read_text(path)), start=1):
        if not line.strip() or line.startswith("*"):
            continue
        word = line.split()[0].lower()
        where = f"{path.name}, card {number}: {line[:60]!r}"
        _refuse_commands(word, line, where)
        if word in (".include", ".inc"):
            lines += _checked(_inside(line, path, folder, where), folder, depth + 1)
        else:
            lines.append(line)
    return lines


def _refuse_commands(word: str, line: str, where: str) -> None:
    if word.startswith("."):
        if word not in _ALLOWED:
            msg = (
                f"{where}: {word} is refused; a device file may only hold elements and "
                ".subckt, .ends, .model, .param, .func, .include"
            )
            raise ParameterError(msg)
    elif word[0] not in _ELEMENTS:
        msg = f"{where}: not an element that a device file may hold (first letter {word[0]!r})"
        raise ParameterError(msg)
    if (
        _COMMANDS.search(line)
        or "`" in line
        or re.search(r"\b(file|input_file)\s*=", line, re.IGNORECASE)
    ):
        msg = f"{where}: refused, as it names a command or a file; a device only describes itself"
        raise ParameterError(msg)
    if not line.isprintable() or not line.isascii():
        msg = (
            f"{where}: holds control or non-ASCII characters, which ngspice may read as other cards"
        )
        raise ParameterError(msg)


def _inside(line: str, path: Path, folder: Path, where: str) -> Path:
    """Return the included file, refusing one outside the device's folder."""
    name = line.partition(" ")[2].strip().strip("\"'")
    target = (path.parent / name).resolve()
    if not target.is_relative_to(folder):
        msg = f"{where}: includes a file outside the device's folder; copy it beside the device"
        raise ParameterError(msg)
    return target


def _joined(text: str) -> list[str]:
    """Return cards with continuation lines joined; blank lines and comments keep their place."""
    cards: list[str] = []
    for raw in re.split(r"\r\n|\r|\n", text):
        line = raw.replace("\t", " ").strip()
        if line.startswith("+") and cards:
            cards[-1] += " " + line[1:].strip()
        else:
            cards.append(line)
    return cards
