"""Command lines of every command with arguments that mean nothing: a clear error or an answer."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from xbarsim.cli.app import app
from xbarsim.errors import SpiceError, XbarsimError

VALUES = [
    "", "-1", "0", "1", "2", "3", "nan", "inf", "-inf", "1e400", "0x10", "1_0", "9" * 30, "x", "[red]",
    "../../../etc/passwd", "/dev/null", "/", "a b", "\N{COLLISION SYMBOL}", "-", "--", "--help=3",
    "wan2022", "digits", "none", "exact", "rows=3", "sizes=[[", "=", "{}", "'", '"', "\\",
]  # fmt: skip
# What would work for minutes gets one argument that makes it stop at the door.
DOORS = {
    "demo": ["--out", "{file}/x"], "bench": ["nothing"], "campaign": ["--store", "{file}/x"],
    "train": ["nothing"], "validate": ["nothing.toml"], "doctor": ["--nothing"],
}  # fmt: skip
STUDY_DOOR = ["--out", "{file}/x"]


def leaves(command, path=()):
    """Yield every command with the words that lead to it."""
    found = getattr(command, "commands", None)
    if found is None:
        yield path, command
        return
    for name, inner in found.items():
        yield from leaves(inner, (*path, name))


COMMANDS = dict(leaves(typer.main.get_command(app)))


def options_of(command):
    return [p.opts[-1] for p in command.params if p.opts[-1].startswith("--")]


@st.composite
def lines(draw, path):
    words = list(path)
    options = options_of(COMMANDS[path])
    for _ in range(draw(st.integers(0, 4))):
        kind = draw(st.integers(0, 3))
        if kind == 0:
            words.append(draw(st.sampled_from(VALUES)))
        elif kind == 1:
            words.append(draw(st.text(max_size=8)))
        else:
            words += [draw(st.sampled_from(options))]
            words += [draw(st.sampled_from(VALUES))] if kind == 2 else []
    return words


@pytest.fixture(scope="module")
def tally():
    counts = Counter()
    yield counts
    report = os.environ.get("XBARSIM_FUZZ_REPORT")
    if report and Path(report).exists():
        whole = json.loads(Path(report).read_text())
        whole["command lines"] = dict(counts)
        Path(report).write_text(json.dumps(whole, indent=1, sort_keys=True) + "\n")


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """An empty folder to run in, and an ngspice that cannot be started."""
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XBARSIM_DATA", str(tmp_path))

    def offline(*_args):
        message = "the fuzzer has no network"
        raise OSError(message)

    def refused(*_args):
        message = "the fuzzer lets nothing start"
        raise SpiceError(message)

    monkeypatch.setattr("xbarsim.spice.process._start", refused)
    monkeypatch.setattr(
        "xbarsim.data.download._fetch", lambda *_: (_ for _ in ()).throw(OSError("off"))
    )
    return tmp_path


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_a_command_line_gives_a_clear_error_or_an_answer(path, nowhere, tally):
    door = STUDY_DOOR if path[0] == "study" else DOORS.get(path[0], [])
    door = [word.format(file=nowhere / "file") for word in door]

    @given(lines(path))
    def attempt(words):
        result = CliRunner().invoke(app, [*words, *door])
        tally["tried"] += 1
        if isinstance(result.exception, XbarsimError):
            assert len(str(result.exception)) > 10
            tally["refused"] += 1
        elif result.exception is None or isinstance(result.exception, SystemExit):
            tally["refused" if result.exit_code else "accepted"] += 1
            assert result.exit_code in (0, 1, 2)
        else:
            tally["crashed"] += 1
            pytest.fail(f"{words}: {result.exception!r}")

    attempt()


def test_every_command_is_tried():
    assert len(COMMANDS) > 20
