"""Every way in which ngspice fails or lies: each ends in an error that names a cause."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from xbarsim.circuit import build_circuit
from xbarsim.cli.app import app
from xbarsim.errors import ParameterError, SpiceError, StorageError, XbarsimError
from xbarsim.parameters import CrossbarParams, SubcircuitCell
from xbarsim.spice import find_ngspice, run_deck, spice_currents, write_netlist
from xbarsim.spice.batch import Limits, run_batch
from xbarsim.spice.effort import refuse_hopeless

pytestmark = pytest.mark.spice
SOURCE = "V1 a 0 1\nR1 a 0 1\n"

# What ngspice itself says something about, though often with exit code 0.
TOLD = {
    "floating node": (f"{SOURCE}C1 b 0 1p\nR2 b c 1\n.op", "no DC path to ground"),
    "no ground": ("V1 a b 1\nR1 a b 1\nR2 b c 1\n.op", "cannot be trusted"),
    "current source into a capacitor": (
        f"{SOURCE}I1 0 b 1m\nC1 b 0 1p\n.op",
        "no DC path to ground",
    ),
    "R in parallel with -R": ("I1 0 a 1\nR1 a 0 1\nR2 a 0 -1\n.op", "no DC path|no resistance"),
    "loop of voltage sources": (f"{SOURCE}V2 a 0 2\n.op", "no solution|no DC path|no resistance"),
    "zero resistance": (f"{SOURCE}R2 a b 0\nR3 b 0 1\n.op", "ngspice replaced it"),
    "missing value": (f"{SOURCE}R2 a 0\n.op", "left it out|replaced it"),
    "nan": (f"{SOURCE}R2 a 0 nan\n.op", "a name is not defined|reported an error"),
    "inf": (f"{SOURCE}R2 a 0 inf\n.op", "a name is not defined|reported an error"),
    "unknown sub-circuit": (f"{SOURCE}X1 a 0 nosub\n.op", "a name is not defined"),
    "unknown kind of element": (f"{SOURCE}U7 a 0 1\n.op", "not defined|reported an error"),
    "unknown model": (f"{SOURCE}D1 a 0 nomodel\n.op", "not defined|reported an error"),
    "bad expression": (f"{SOURCE}B1 b 0 V=sqrt(\nR2 b 0 1\n.op", "reported an error"),
    "unknown saved node": (f"{SOURCE}.save v(zz)\n.op", "a saved name does not exist"),
    "duplicate name": (f"{SOURCE}r1 a 0 2\n.op", "two elements have the same name"),
    "no analysis": (SOURCE, "does the deck hold an analysis"),
}


@pytest.mark.parametrize("fault", TOLD)
def test_what_ngspice_hints_at_is_an_error(fault):
    cards, match = TOLD[fault]
    with pytest.raises(SpiceError, match=match) as error:
        run_batch(f"* fault\n{cards}\n.end\n", find_ngspice())
    assert error.value.deck.startswith("* fault")


# What ngspice accepts without a word.
SILENT = {
    "negative resistance": (
        f"{SOURCE}R2 a 0 -5\n.op\n.end\n",
        "resistance of -5.0 is not physical",
    ),
    "missing end": (f"{SOURCE}.op\n", "there is no .end"),
    "unknown option": (f"{SOURCE}.options fast=1\n.op\n.end\n", "'fast=1' is not one"),
    "comma in a node": ("V1 a,b 0 1\nR1 a,b 0 1\n.op\n.end\n", "ngspice may split at"),
    "mega that is milli": ("V1 a 0 1\nR1 a 0 1M\n.op\n.end\n", "no bare number"),
    "names that differ in case": (f"{SOURCE}r1 a 0 2\n.op\n.end\n", "case does not count"),
}


@pytest.mark.parametrize("fault", SILENT)
def test_what_ngspice_accepts_silently_is_an_error(fault):
    text, match = SILENT[fault]
    with pytest.raises(SpiceError, match=match):
        run_deck(f"* fault\n{text}")


def test_a_sound_deck_runs():
    assert run_deck(f"* sound\n{SOURCE}.op\n.end\n")["v(a)"].tolist() == [1.0]


@pytest.mark.parametrize("text", ["", "\n"])
def test_an_empty_file_is_an_error(text):
    with pytest.raises(ParameterError, match="empty"):
        run_deck(text)
    with pytest.raises(SpiceError):
        run_batch(text, find_ngspice())


def fake(folder, script):
    path = folder / "ngspice"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return replace(find_ngspice(), program=str(path))


@pytest.mark.parametrize("name", ["KILL", "TERM", "INT", "SEGV"])
def test_a_signal_is_an_error(name, tmp_path):
    with pytest.raises(SpiceError, match=f"killed by SIG{name}"):
        run_batch("* x\n.end\n", fake(tmp_path, f"kill -{name} $$"))


def test_a_program_that_is_not_there_is_an_error():
    with pytest.raises(SpiceError, match="could not be started"):
        run_batch("* x\n.end\n", replace(find_ngspice(), program="/nowhere/ngspice"))


@pytest.mark.parametrize("raw", ["touch out.raw", "echo nonsense > out.raw", "mkdir out.raw"])
def test_an_unusable_result_is_an_error(raw, tmp_path):
    with pytest.raises(SpiceError):
        run_batch("* x\n.end\n", fake(tmp_path, raw))


@pytest.mark.parametrize("megabytes", [24, 32, 40])
def test_too_little_memory_is_an_error(megabytes):
    crossbar = CrossbarParams(rows=64, cols=64)
    deck = write_netlist(build_circuit(np.full((64, 64), 1e-5), crossbar), np.ones((1, 64)))
    with pytest.raises(SpiceError, match=r"memory|singular"):
        run_batch(deck, find_ngspice(), limits=Limits(memory=megabytes * 2**20))


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("end", ["time", "interrupt"])
def test_no_child_outlives_a_run(end, tmp_path):
    pids = tmp_path / "pids"
    info = fake(tmp_path, f"sleep 60 & echo $$ $! > {pids}.new; mv {pids}.new {pids}; wait")
    if end == "time":
        with pytest.raises(SpiceError, match="did not finish"):
            run_batch("* x\n.end\n", info, limits=Limits(timeout=1.0))
    else:
        script = (
            "from dataclasses import replace\nfrom xbarsim.spice.batch import run_batch\n"
            "from xbarsim.spice import find_ngspice\n"
            f"run_batch('* x', replace(find_ngspice(), program={info.program!r}))\n"
        )
        process = subprocess.Popen([sys.executable, "-c", script], stderr=subprocess.DEVNULL)
        while not pids.exists():
            assert process.poll() is None
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGINT)
        assert process.wait() != 0
    # A killed grandchild is gone once the kernel gets to it.
    waits = 0
    while left := [pid for pid in pids.read_text().split() if alive(int(pid))]:
        waits += 1
        assert waits < 200, left
        time.sleep(0.05)


def test_a_users_init_file_is_not_read(tmp_path, monkeypatch):
    (tmp_path / ".spiceinit").write_text(f"shell touch {tmp_path}/pwned\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    run_batch(f"* x\n{SOURCE}.op\n.end\n", find_ngspice())
    assert not (tmp_path / "pwned").exists()


def test_a_title_cannot_carry_cards():
    crossbar = CrossbarParams(rows=1, cols=1)
    circuit = build_circuit([[1e-5]], crossbar)
    deck = write_netlist(circuit, np.ones((1, 1)), title="x\n.control\nshell true\n.endc")
    assert "\n.control" not in deck


def test_without_klu_large_arrays_are_warned_about_and_larger_ones_refused(monkeypatch):
    old = replace(find_ngspice(), version="39.3", klu=False)
    monkeypatch.setattr("xbarsim.spice.currents.find_ngspice", lambda: old)
    crossbar = CrossbarParams(rows=64, cols=64)
    with pytest.warns(RuntimeWarning, match=r"64x64 is slow in ngspice 39\.3 \(Sparse 1\.3\)"):
        spice_currents(np.full((64, 64), 1e-5), np.ones((1, 64)), crossbar)
    huge = CrossbarParams(rows=128, cols=128)
    with pytest.raises(SpiceError, match=r"128x128 needs minutes to hours.*or force it"):
        spice_currents(np.full((128, 128), 1e-5), np.ones((1, 128)), huge)
    with pytest.warns(RuntimeWarning, match="128x128 needs minutes to hours"):
        refuse_hopeless(huge, old, force=True)
    with pytest.raises(SpiceError, match="force it"):
        refuse_hopeless(huge, old, force=False)


def test_the_command_refuses_and_forces_too(monkeypatch):
    old = replace(find_ngspice(), version="39.3", klu=False)
    monkeypatch.setattr("xbarsim.spice.currents.find_ngspice", lambda: old)
    monkeypatch.setattr("xbarsim.spice.effort._SLOW_CELLS", 4)
    monkeypatch.setattr("xbarsim.spice.effort._HOPELESS_CELLS", 9)
    arguments = ["spice", "--rows", "3", "--cols", "3"]
    refused = CliRunner().invoke(app, arguments)
    assert isinstance(refused.exception, SpiceError)
    assert "or force it" in str(refused.exception)
    with pytest.warns(RuntimeWarning, match="3x3 needs minutes"):
        assert CliRunner().invoke(app, [*arguments, "--force"]).exit_code == 0


def own_cell(folder, *cards):
    text = "\n".join([".subckt mine p n g=1e-05", "Rx p n {1/g}", *cards, ".ends"])
    (folder / "mine.lib").write_text(text + "\n")
    return SubcircuitCell(path=folder / "mine.lib", subckt="mine")


@pytest.mark.parametrize("engine", ["pyspice", "batch"])
@pytest.mark.parametrize(
    ("card", "match"),
    [
        ("Rzz p", "left it out|reported an error|replaced it|not an element|lacks"),
        ("Rzz p n", "left it out|replaced it"),
        ("Rzz p n 0", "replaced it"),
        ("Rzz p n nan", "not defined|reported an error"),
        ("Czz q p 1p\nRyy q r 1", "no DC path"),
        ("Vzz p n 1\nVyy p n 2", "no solution|no DC path|loop"),
        ("Rzz p 0 1k", "leaks"),
        ("Bzz p n I=sqrt(", "reported an error"),
        ("Zzz p n nomodel", "not defined|reported an error|failed|unknown"),
    ],
)
def test_a_fault_within_a_cell_is_an_error_in_both_engines_and_leaves_no_trace(
    engine, card, match, tmp_path
):
    crossbar = CrossbarParams(rows=3, cols=2)
    g, v = np.full((3, 2), 1e-5), np.array([[0.1, 0.2, 0.3], [0.3, 0.2, 0.1]])
    with pytest.raises(XbarsimError, match=match):
        spice_currents(g, v, crossbar, cell=own_cell(tmp_path, *card.split("\n")), engine=engine)
    again = spice_currents(g, v, crossbar, cell=own_cell(tmp_path), engine=engine)
    np.testing.assert_allclose(again.i_col, spice_currents(g, v, crossbar).i_col, rtol=1e-9)


def test_what_does_not_converge_is_an_error():
    card = "B1 b 0 V=1e6*tanh(1e9*(0.5-V(b)))+1e6*sgn(V(b))"
    with pytest.raises(SpiceError, match=r"no solution|did not converge"):
        run_batch(f"* steep\n{SOURCE}{card}\nR9 b 0 1\n.op\n.end\n", find_ngspice())


def test_a_folder_that_cannot_be_written_is_an_error(monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", "/proc")
    with pytest.raises(StorageError, match="cannot write"):
        run_batch(f"* x\n{SOURCE}.op\n.end\n", find_ngspice())
