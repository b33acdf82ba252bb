"""Campaigns: every case once, whatever kills them, and the same numbers as one run at a time."""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace

import numpy as np
import psutil
import pytest
from distributed import LocalCluster
from pyarrow import compute as pc
from pyarrow import parquet
from typer.testing import CliRunner

from xbarsim.campaign import JoinedCases, ResultStore, drawn_cases, run_campaign
from xbarsim.campaign.run import Run, run_case
from xbarsim.cli.app import app
from xbarsim.errors import ParameterError, SpiceError, StorageError
from xbarsim.parameters import CrossbarParams, SinhCell, TopologyParams
from xbarsim.reference import solve_nodal
from xbarsim.spice import Limits, find_ngspice, spice_currents

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


def test_its_table_says_of_itself_what_it_holds(device, tmp_path):
    """Read with pyarrow and numpy alone: currents, inputs, units, parameters."""
    pairs = TopologyParams(columns="differential")
    every = JoinedCases((
        drawn_cases(device, CROSSBAR, cases=3, vectors=2),
        drawn_cases(
            device.replace(name="other"), CROSSBAR.replace(rows=2, cols=4), cases=1, vectors=3,
            topology=pairs,
        ),
    ))  # fmt: skip
    result = run_campaign(every, ResultStore(tmp_path / "s"), workers=1, show=False)
    result.save(tmp_path / "out.parquet")
    table = parquet.read_table(tmp_path / "out.parquet")
    assert table.num_rows == 3 * 2 + 3
    first = table.filter(pc.equal(table["case"], device.name))
    i_col = np.stack(first["i_col"].to_numpy())
    conductance = np.stack(first["conductance"].to_numpy()).reshape(-1, 4, 3)
    v_row = np.stack(first["v_row"].to_numpy())
    expected = [
        solve_nodal(g, v, CROSSBAR).i_col[0] for g, v in zip(conductance, v_row, strict=True)
    ]
    np.testing.assert_allclose(i_col, expected, rtol=1e-10)
    assert first["i_diff"].null_count == 6
    other = table.filter(pc.equal(table["case"], "other"))
    columns = np.stack(other["i_col"].to_numpy())
    difference = np.stack(other["i_diff"].to_numpy())
    np.testing.assert_allclose(difference, columns[:, ::2] - columns[:, 1::2], atol=1e-18)
    assert table.schema.field("i_col").metadata[b"unit"] == b"A"
    about = json.loads(parquet.read_metadata(tmp_path / "out.parquet").metadata[b"xbarsim"])
    assert about["circuits"][0]["crossbar"] == CROSSBAR.model_dump()
    assert about["circuits"][1]["topology"]["columns"] == "differential"
    assert "klu" in about["circuits"][0]["options"]
    assert table["solver"][0].as_py() == find_ngspice().solver
    with pytest.raises(ParameterError, match=r"neither \.parquet nor \.npz"):
        result.save(tmp_path / "out.csv")


def test_two_sets_of_one_name_are_refused(device):
    part = drawn_cases(device, CROSSBAR, cases=1, vectors=1)
    with pytest.raises(ParameterError, match="two parameter sets are called 'bhattacharjee2022'"):
        JoinedCases((part, part))


def test_an_anew_run_uses_nothing_that_is_kept(device, tmp_path):
    store = ResultStore(tmp_path)
    every = cases(device, 2)
    run_campaign(every, store, workers=1, show=False)
    assert run_campaign(every, store, workers=1, resume=False, show=False).computed == 2


def test_the_command_runs_resumes_and_writes_a_table(tmp_path):
    arguments = [
        "campaign", "--rows", "3", "--cols", "2", "--cases", "2", "--vectors", "2", "--workers", "1",
        "--store", str(tmp_path / "s"), "--out", str(tmp_path / "t.npz"), "--json", "milo2021",
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


def test_workers_end_with_a_killed_parent(tmp_path):
    """Killed alone, and not with its group, the parent cannot end its workers."""
    script, store = tmp_path / "job.py", tmp_path / "store"
    script.write_text(SCRIPT)
    process = subprocess.Popen([sys.executable, script, store])
    while len(list(store.glob("??/*.npz"))) < 2:
        assert process.poll() is None
        time.sleep(0.02)
    family = psutil.Process(process.pid).children(recursive=True)
    assert len(family) >= 2
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []


def test_an_interrupt_ends_all_processes(tmp_path):
    script, store = tmp_path / "job.py", tmp_path / "store"
    script.write_text(SCRIPT)
    process = subprocess.Popen([sys.executable, script, store], stderr=subprocess.PIPE)
    while len(list(store.glob("??/*.npz"))) < 2:
        assert process.poll() is None
        time.sleep(0.02)
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []
    assert said.count(b"KeyboardInterrupt") == 1, "only the parent's traceback"


def test_a_limit_of_time_is_an_error_that_names_the_cases(device, tmp_path):
    # Large enough that a busy machine cannot be late by as long as they take.
    large = CrossbarParams(rows=64, cols=32)
    every = list(drawn_cases(device, large, cases=2, vectors=10))
    with pytest.raises(
        SpiceError, match=r"2 cases failed \(bhattacharjee2022 0, .* 1\).*within 0\.0"
    ):
        run_campaign(
            every, ResultStore(tmp_path), workers=1, limits=Limits(timeout=1e-3), show=False
        )


def test_dask_workers_give_the_same_though_one_is_killed(device, tmp_path):
    every = cases(device, 30)
    alone = run_campaign(every, ResultStore(tmp_path / "serial"), workers=1, show=False)
    store = ResultStore(tmp_path / "dask")
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=logging.CRITICAL
    ) as cluster:
        victim = next(iter(cluster.workers.values())).pid

        def kill_in_mid_campaign():
            while len(list(store.folder.glob("??/*.npz"))) < 4:
                time.sleep(0.01)
            os.kill(victim, signal.SIGKILL)

        killer = threading.Thread(target=kill_in_mid_campaign)
        killer.start()
        spread = run_campaign(every, store, scheduler=cluster.scheduler_address, show=False)
        killer.join()
        assert not psutil.pid_exists(victim)
    assert (spread.keys, spread.computed) == (alone.keys, 30)
    for k in range(30):
        np.testing.assert_array_equal(spread.currents(k).i_col, alone.currents(k).i_col)
        np.testing.assert_array_equal(spread.currents(k).i_row, alone.currents(k).i_row)


def test_a_scheduler_that_is_not_there_is_an_error(device, tmp_path, monkeypatch):
    monkeypatch.setattr("xbarsim.campaign.executors._PATIENCE", 0.5)
    with pytest.raises(SpiceError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:1'"):
        run_campaign(
            cases(device, 1), ResultStore(tmp_path), scheduler="tcp://127.0.0.1:1", show=False
        )
    with pytest.raises(ParameterError, match="scheduler is 'no way': give an address like"):
        run_campaign(cases(device, 1), ResultStore(tmp_path), scheduler="no way", show=False)


def test_a_worker_with_another_ngspice_is_an_error(device, tmp_path):
    with pytest.raises(SpiceError, match=r"a worker has ngspice .* campaign is for ngspice 1"):
        run_case("key", cases(device, 1)[0], Run("ngspice 1", ResultStore(tmp_path)))


def test_what_a_worker_cannot_keep_the_campaign_keeps(device, tmp_path):
    """A worker on another machine does not see the store's folder."""
    case = cases(device, 1)[0]
    store = ResultStore(tmp_path / "elsewhere")
    found = run_case("key", case, Run(find_ngspice().solver, store))
    assert not store.folder.exists()
    store.put("key", found)
    np.testing.assert_array_equal(store.get("key").i_col, found.i_col)


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
