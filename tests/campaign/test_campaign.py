"""Campaigns: every case once, whatever kills them, and the same numbers as one run at a time."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from xbarsim.campaign import ResultStore, drawn_cases, run_campaign
from xbarsim.cli.app import app
from xbarsim.errors import ParameterError, SpiceError, StorageError
from xbarsim.parameters import CrossbarParams, SinhCell, TopologyParams
from xbarsim.spice import find_ngspice, spice_currents

pytestmark = pytest.mark.spice
CROSSBAR = CrossbarParams(rows=4, cols=3)


def cases(device, count=6, **changes):
    return list(drawn_cases(device, CROSSBAR, cases=count, vectors=2, **changes))


def test_it_gives_what_single_runs_give_and_runs_nothing_twice(device, tmp_path):
    store = ResultStore(tmp_path / "store")
    every = cases(device)
    first = run_campaign(every, store, workers=2, show=False)
    assert first.computed == 6
    for k, case in enumerate(every):
        alone = spice_currents(case.conductance, case.v_row, CROSSBAR, engine="batch")
        np.testing.assert_array_equal(first.currents(k).i_col, alone.i_col)
        assert first.currents(k).provenance.deck_sha256 == alone.provenance.deck_sha256
    again = run_campaign(every, store, workers=2, show=False)
    assert again.computed == 0
    assert again.keys == first.keys
    more = run_campaign(cases(device, 8), store, workers=1, show=False)
    assert more.computed == 2


def test_equal_cases_run_once(device, tmp_path):
    every = cases(device, 1) * 3
    result = run_campaign(every, ResultStore(tmp_path), workers=2, show=False)
    assert result.computed == 1
    assert len(set(result.keys)) == 1


def test_a_key_depends_on_everything_that_the_currents_depend_on(device):
    solver = find_ngspice().solver
    case = cases(device, 1)[0]
    others = [
        replace(case, conductance=case.conductance * (1 + 1e-15)),
        replace(case, v_row=case.v_row[:1]),
        replace(case, crossbar=CROSSBAR.replace(r_sense=999.0)),
        replace(case, topology=TopologyParams(silent="floating")),
        replace(case, cell=SinhCell()),
        replace(case, cell=SinhCell(v0=0.3)),
    ]
    keys = {case.key(solver), case.key(solver + "x"), *(other.key(solver) for other in others)}
    assert len(keys) == 8
    assert replace(case, seed=99).key(solver) == case.key(solver)


def test_its_output_is_read_with_numpy_alone(device, tmp_path):
    result = run_campaign(cases(device, 2), ResultStore(tmp_path / "s"), workers=1, show=False)
    result.save(tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz", allow_pickle=False) as table:
        assert table["i_col"].shape == table["seed"].shape == (2 * 2 * 3,)
        chosen = (table["seed"] == 1) & (table["vector"] == 1) & (table["col"] == 2)
        assert table["i_col"][chosen] == result.currents(1).i_col[1, 2]
        assert "ngspice" in str(table["provenance"][0])


def test_the_command_runs_resumes_and_writes_a_table(tmp_path):
    arguments = [
        "campaign", "--rows", "3", "--cols", "2", "--cases", "2", "--vectors", "2", "--workers", "1",
        "--store", str(tmp_path / "s"), "--out", str(tmp_path / "t.npz"), "--json",
    ]  # fmt: skip
    results = [CliRunner().invoke(app, arguments) for _ in range(2)]
    assert [result.exit_code for result in results] == [0, 0]
    assert '"computed": 2' in results[0].output
    assert '"computed": 0' in results[1].output
    with np.load(tmp_path / "t.npz") as table:
        assert len(table["i_col"]) == 2 * 2 * 2


SCRIPT = """
import sys
from pathlib import Path
from xbarsim.campaign import ResultStore, drawn_cases, run_campaign
from xbarsim.parameters import CrossbarParams, load_device
if __name__ == "__main__":
    cases = drawn_cases(
        load_device("bhattacharjee2022"), CrossbarParams(rows=4, cols=3), cases=200, vectors=2
    )
    run_campaign(cases, ResultStore(Path(sys.argv[1])), workers=2, show=False)
"""


def test_a_killed_campaign_goes_on_where_it_was(device, tmp_path):
    store, script = tmp_path / "store", tmp_path / "job.py"
    script.write_text(SCRIPT)
    process = subprocess.Popen([sys.executable, script, store], start_new_session=True)
    while len(list(store.glob("??/*.npz"))) < 5:
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kept = len(list(store.glob("??/[0-9a-f]*.npz")))
    assert 5 <= kept < 200
    result = run_campaign(cases(device, 200), ResultStore(store), workers=1, show=False)
    assert 0 < result.computed <= 200 - kept
    for k, case in list(enumerate(cases(device, 200)))[::40]:
        alone = spice_currents(case.conductance, case.v_row, CROSSBAR, engine="batch")
        np.testing.assert_array_equal(result.currents(k).i_col, alone.i_col)


def test_a_failing_case_ends_the_campaign_with_its_error_and_keeps_the_rest(device, tmp_path):
    good = cases(device, 2)
    bad = replace(good[0], cell=SinhCell(v0=1e-6))
    store = ResultStore(tmp_path)
    with pytest.raises(SpiceError):
        run_campaign([*good, bad], store, workers=1, show=False)
    assert run_campaign(good, store, workers=1, show=False).computed == 0


def test_a_damaged_result_and_an_empty_campaign_are_refused(device, tmp_path):
    store = ResultStore(tmp_path)
    result = run_campaign(cases(device, 1), store, workers=1, show=False)
    store.path(result.keys[0]).write_bytes(b"PK nonsense")
    with pytest.raises(StorageError, match="delete it and run the campaign again"):
        result.currents(0)
    with pytest.raises(ParameterError, match="0 cases"):
        run_campaign([], store, workers=1)
