"""Real ngspice, through both engines, against the sparse oracle; and every way it can go wrong."""

import subprocess

import numpy as np
import pytest

from xbarsim.circuit import build_circuit
from xbarsim.errors import ParameterError, SpiceError, SpiceMissingError
from xbarsim.fast import effective_conductance
from xbarsim.parameters import CrossbarParams
from xbarsim.reference import solve_nodal
from xbarsim.spice import deck_hash, find_ngspice, spice_currents, write_netlist
from xbarsim.spice.batch import Limits, read_raw, run_batch
from xbarsim.spice.judge import judge_currents, judge_log

pytestmark = pytest.mark.spice
ENGINES = ("pyspice", "batch")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("n_vectors", [1, 6])
@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (3, 8), (16, 12)])
def test_it_agrees_with_the_oracle_and_the_fast_model(engine, n_vectors, shape, draw):
    crossbar = CrossbarParams(rows=shape[0], cols=shape[1], r_driver=200.0, r_sense=700.0)
    g = draw.uniform(5e-6, 5e-5, shape)
    v = draw.uniform(0, 0.2, (n_vectors, shape[0]))
    v[-1] = 0.2 * (draw.random(shape[0]) < 0.4)
    found = spice_currents(g, v, crossbar, engine=engine)
    scale = np.abs(found.i_col).max()
    assert np.abs(found.i_col - solve_nodal(g, v, crossbar).i_col).max() <= 1e-11 * scale
    assert np.abs(found.i_col - v @ effective_conductance(g, crossbar)).max() <= 1e-11 * scale
    assert found.conservation <= 1e-11


def test_both_engines_give_the_same_currents(draw):
    crossbar = CrossbarParams(rows=9, cols=7)
    g = draw.uniform(5e-6, 5e-5, (9, 7))
    v = draw.uniform(0, 0.2, (5, 9))
    first, second = (spice_currents(g, v, crossbar, engine=e).i_col for e in ENGINES)
    np.testing.assert_allclose(first, second, rtol=1e-12)


def test_provenance_names_version_options_and_deck(draw):
    crossbar = CrossbarParams(rows=2, cols=2)
    g = draw.uniform(5e-6, 5e-5, (2, 2))
    v = np.array([[0.1, 0.2]])
    found = spice_currents(g, v, crossbar)
    assert found.provenance.solver.startswith("ngspice ")
    deck = write_netlist(build_circuit(g, crossbar), v)
    assert found.provenance.deck_sha256 == deck_hash(deck)


def test_zero_resistance_is_written_as_a_stated_floor(draw):
    crossbar = CrossbarParams(rows=3, cols=2, r_driver=0, r_wire_row=0, r_wire_col=0, r_sense=0)
    g = draw.uniform(1e-5, 1e-4, (3, 2))
    deck = write_netlist(build_circuit(g, crossbar), np.ones((1, 3)))
    assert "Rd0 in_0 wl_0_0 0.001" in deck
    found = spice_currents(g, np.ones((1, 3)), crossbar).i_col
    np.testing.assert_allclose(found[0], g.sum(axis=0), rtol=1e-5)


def test_a_deck_runs_by_hand_with_plain_ngspice(tmp_path, draw):
    crossbar = CrossbarParams(rows=4, cols=3)
    g = draw.uniform(5e-6, 5e-5, (4, 3))
    v = np.array([[0.1, 0.0, 0.1, 0.05]])
    (tmp_path / "a.cir").write_text(write_netlist(build_circuit(g, crossbar), v))
    done = subprocess.run(
        ["ngspice", "-b", "-r", "a.raw", "a.cir"], cwd=tmp_path, capture_output=True, check=True
    )
    raw = read_raw((tmp_path / "a.raw").read_bytes())
    currents = [raw[f"v(bl_3_{j})"][0] / crossbar.r_sense for j in range(3)]
    np.testing.assert_allclose(currents, solve_nodal(g, v, crossbar).i_col[0], rtol=1e-11)
    assert b"rror" not in done.stderr


@pytest.mark.parametrize(
    ("cards", "match"),
    [
        ("V1 a 0 1\nR1 b c 1\n.op", "no DC path to ground"),
        ("V1 a 0 1\nV2 a 0 2\n.op", "no solution|loop"),
        ("V1 a 0 1\nR1 a 0 nan\n.op", "name is not defined|reported an error"),
        ("V1 a 0 1\nX1 a 0 nosuch\n.op", "name is not defined"),
        ("V1 a 0 1\nR1 a 0 1\nR1 a 0 2\n.op", "same name"),
        ("V1 a 0 1\nR1 a 0 1\n", "no results"),
        ("V1 a 0 1\nR1 a 0 1\n.save v(zz)\n.op", "reported an error"),
    ],
)
def test_a_doubtful_run_is_an_error_with_its_cause(cards, match):
    with pytest.raises(SpiceError, match=match) as error:
        run_batch(f"* test\n{cards}\n.end\n", find_ngspice())
    assert error.value.deck.startswith("* test")


def test_a_singular_matrix_is_refused_though_ngspice_exits_with_zero(tmp_path):
    deck = "* floating\nV1 a 0 1\nR1 a 0 1\nC1 b 0 1p\nR2 b c 1\n.op\n.end\n"
    (tmp_path / "f.cir").write_text(deck)
    done = subprocess.run(
        ["ngspice", "-b", "f.cir"], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0
    with pytest.raises(SpiceError, match="singular"):
        run_batch(deck, find_ngspice())


def test_a_killed_ngspice_is_an_error(tmp_path):
    fake = tmp_path / "ngspice"
    fake.write_text("#!/bin/sh\nkill -9 $$\n")
    fake.chmod(0o755)
    from dataclasses import replace

    with pytest.raises(SpiceError, match="killed by SIGKILL"):
        run_batch("* x\n.end\n", replace(find_ngspice(), program=str(fake)))


def test_a_hanging_ngspice_is_stopped(tmp_path):
    fake = tmp_path / "ngspice"
    fake.write_text("#!/bin/sh\nexec sleep 30\n")
    fake.chmod(0o755)
    from dataclasses import replace

    with pytest.raises(SpiceError, match=r"did not finish within 0\.3 s"):
        run_batch(
            "* x\n.end\n", replace(find_ngspice(), program=str(fake)), limits=Limits(timeout=0.3)
        )


def test_a_missing_program_or_library_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv("NGSPICE_LIBRARY_PATH", str(tmp_path / "none.so"))
    with pytest.raises(SpiceMissingError, match=r"none\.so.*install"):
        find_ngspice()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SpiceMissingError, match="not on PATH; install"):
        find_ngspice()


def test_currents_that_do_not_balance_are_refused():
    with pytest.raises(SpiceError, match="leaks"):
        judge_currents(np.array([[1.0, 1.0]]), np.array([[1.0, 0.99]]), deck="")
    with pytest.raises(SpiceError, match="not finite"):
        judge_currents(np.array([[1.0, np.nan]]), np.array([[1.0, 0.99]]), deck="")


def test_harmless_notes_are_not_errors():
    judge_log("Note: No compatibility mode selected!\nUsing KLU as Direct Linear Solver\n", deck="")


@pytest.mark.parametrize("cut", [0, 10, 100, -8, -1])
def test_a_damaged_raw_file_is_refused(cut):
    head = (
        b"Title: x\nFlags: real\nNo. Variables: 1\nNo. Points: 2\nVariables:\n\t0\tv(a)\tvoltage\n"
    )
    whole = head + b"Binary:\n" + np.array([1.0, 2.0]).tobytes()
    assert read_raw(whole)["v(a)"].tolist() == [1.0, 2.0]
    with pytest.raises(SpiceError):
        read_raw(whole[:cut])


def test_bad_arrays_are_refused_before_anything_runs(crossbar):
    with pytest.raises(ParameterError, match="v_row has shape"):
        spice_currents(np.ones(crossbar.shape), np.ones((2, 4)), crossbar)
    with pytest.raises(ParameterError, match=r"v_row\[0, 1\] is"):
        spice_currents(np.ones(crossbar.shape), [[0, np.inf, 0, 0, 0]], crossbar)
    with pytest.raises(ParameterError, match=r"conductance\[0, 0\] is"):
        spice_currents(-np.ones(crossbar.shape), np.ones((1, 5)), crossbar)
