"""Single cells: V0 and conductances from I-V curves, and from the column currents of ngspice."""

import csv
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from xbarsim.calibration import (
    Curves,
    Measurements,
    calibrate,
    calibrate_cells,
    calibrate_curves,
    read_curves,
)
from xbarsim.calibration.measurements import write_measurements
from xbarsim.cli.app import app
from xbarsim.errors import ParameterError, SolveError
from xbarsim.fast import effective_conductance
from xbarsim.parameters import CrossbarParams, LinearCell, SinhCell
from xbarsim.spice import spice_currents

TRUE = CrossbarParams(
    rows=8, cols=5, r_driver=700.0, r_wire_row=60.0, r_wire_col=130.0, r_sense=1300.0
)
PROGRAMMED = np.array([5e-6, 1e-5, 2e-5, 5e-5])
GIVEN = np.array([5.2e-6, 1.03e-5, 2.3e-5, 5.1e-5])
V0 = 0.21


@pytest.fixture(scope="module")
def curves() -> Curves:
    """Four cells behind 150 ohm, one after the other in ngspice."""
    one = CrossbarParams(rows=1, cols=1, r_driver=100.0, r_sense=50.0)
    v = np.linspace(-0.5, 0.45, 20)
    i = [spice_currents([[g]], v[:, None], one, cell=SinhCell(v0=V0)).i_col[:, 0] for g in GIVEN]
    return Curves(v, np.stack(i, axis=1))


@pytest.mark.spice
def test_curves_give_v0_and_conductances_back(curves):
    found = calibrate_curves(curves, programmed=PROGRAMMED, series=150.0)
    assert found.cell.v0 == pytest.approx(V0, rel=1e-7)
    np.testing.assert_allclose([e.value for e in found.conductances], GIVEN, rtol=1e-7)
    assert 1.0 < found.scale.value < 1.1
    assert found.scale.low < 1.04 < found.scale.high
    assert 0.01 < found.variation < 0.1
    forgotten = calibrate_curves(curves)
    assert forgotten.conductances[3].value < 0.995 * GIVEN[3]


@pytest.mark.spice
def test_intervals_of_curves_cover_the_truth(curves, draw):
    inside = 0
    for _ in range(60):
        noisy = curves.i * (1 + 0.02 * draw.standard_normal(curves.i.shape))
        found = calibrate_curves(Curves(curves.v, noisy), series=150.0)
        assert found.noise == pytest.approx(0.02, rel=0.3)
        truth = (V0, *GIVEN)
        every = (found.v0, *found.conductances)
        inside += all(e.low <= t <= e.high for e, t in zip(every, truth, strict=True))
    assert inside >= 52


def test_linear_cells_leave_v0_vague_and_that_is_said(draw):
    v = np.linspace(0.05, 0.4, 12)
    i = np.outer(v, GIVEN) * (1 + 0.01 * draw.standard_normal((12, 4)))
    judged = calibrate_curves(Curves(v, i)).identifiability
    assert judged.vague == ("v0",)
    assert "measure at higher voltage" in judged.advice


@pytest.mark.parametrize(
    ("v", "i", "programmed", "match"),
    [
        ([0.1, 0.2], [[1e-6], [2e-6]], None, "measure more"),
        ([0.1, 0.2, 0.3], [[1e-6, 0], [2e-6, 0], [3e-6, 0]], None, "cell 1 passes no current"),
        ([0.1, 0.2, 0.3], [[1e-6], [2e-6], [3e-6]], [1e-5], "three cells or more"),
    ],
)
def test_curves_that_say_too_little_are_refused(v, i, programmed, match):
    with pytest.raises(ParameterError, match=match):
        calibrate_curves(Curves(np.array(v), np.array(i)), programmed=programmed)


def test_the_format_of_curves_names_mistakes(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("v,i_0,i_1\n0.1,1e-6,2e-6\n0.2,2e-6,4e-6\n")
    np.testing.assert_array_equal(read_curves(path).i, [[1e-6, 2e-6], [2e-6, 4e-6]])
    for text, match in (
        ("i_0\n1\n", "no column 'v'"),
        ("v,i_0,x\n1,2,3\n", "'x'"),
        ("v,i_0\n1,2,3\n", "2 in each line"),
        ("v,i_1\n1,2\n", "'i_0'"),
    ):
        path.write_text(text)
        with pytest.raises(ParameterError, match=match):
            read_curves(path)


@pytest.mark.spice
def test_v0_and_all_resistances_from_the_columns_of_sinh_cells(draw):
    g = draw.uniform(5e-6, 5e-5, TRUE.shape)
    v = draw.uniform(0, 0.4, (24, TRUE.rows))
    clean = spice_currents(g, v, TRUE, cell=SinhCell(v0=0.28)).i_col
    names = ("r_driver", "r_wire_row", "r_wire_col", "r_sense", "v0")
    start, truth = CrossbarParams(rows=8, cols=5), {**TRUE.model_dump(), "v0": 0.28}
    found = calibrate(Measurements(v, clean), g, start, parameters=names, cell=SinhCell(v0=0.5))
    for e in found.estimates:
        assert e.value == pytest.approx(truth[e.name], rel=1e-6)
    assert found.cell.v0 == pytest.approx(0.28, rel=1e-6)
    noisy = clean * (1 + 0.01 * draw.standard_normal(clean.shape))
    found = calibrate(Measurements(v, noisy), g, start, parameters=names, cell=SinhCell(v0=0.5))
    assert all(e.low <= truth[e.name] <= e.high for e in found.estimates)
    with pytest.raises(ParameterError, match="v0 of linear cells"):
        calibrate(Measurements(v, noisy), g, start, parameters=names, cell=LinearCell())


@pytest.mark.spice
def test_the_measurement_that_is_advised_does_help(draw):
    """Dense inputs hardly tell the wires; the advice names a measurement, and it is made."""
    true = CrossbarParams(
        rows=16, cols=12, r_driver=700.0, r_wire_row=5.0, r_wire_col=10.0, r_sense=1300.0
    )
    g = draw.uniform(5e-6, 5e-5, true.shape)
    v = draw.uniform(0.18, 0.2, (20, true.rows))
    noise = 1 + 0.01 * draw.standard_normal((36, true.cols))
    clean = spice_currents(g, v, true).i_col
    start = CrossbarParams(rows=16, cols=12)
    first = calibrate(Measurements(v, clean * noise[:20]), g, start)
    assert first.identifiability.vague == ("r_wire_row", "r_wire_col")
    assert first.identifiability.advice.startswith("drive single rows")
    single = v.max() * np.eye(true.rows)
    more = np.concatenate([clean, spice_currents(g, single, true).i_col]) * noise
    second = calibrate(Measurements(np.concatenate([v, single]), more), g, start)
    worst = [max(e.deviation / getattr(true, e.name) for e in c.estimates) for c in (first, second)]
    assert worst[1] < 0.5 * worst[0]


@pytest.mark.spice
def test_every_cell_from_column_currents(draw):
    g = draw.uniform(5e-6, 5e-5, TRUE.shape)
    v = np.concatenate([0.3 * np.eye(TRUE.rows), draw.uniform(0, 0.3, (30, TRUE.rows))])
    clean = spice_currents(g, v, TRUE).i_col
    found = calibrate_cells(Measurements(v, clean), TRUE, draws=3)
    np.testing.assert_allclose(found.conductance, g, rtol=1e-6)
    covered = []
    for _ in range(5):
        noisy = clean * (1 + 0.01 * draw.standard_normal(clean.shape))
        low, high = calibrate_cells(Measurements(v, noisy), TRUE, draws=30).interval()
        covered.append(((low <= g) & (g <= high)).mean())
    assert np.mean(covered) > 0.88


def test_cells_need_enough_inputs_and_possible_columns(draw):
    v = draw.uniform(0, 0.3, (8, TRUE.rows))
    with pytest.raises(ParameterError, match="do not tell 8 rows apart"):
        calibrate_cells(Measurements(v, np.ones((8, 5))), TRUE)
    v = draw.uniform(0, 0.3, (12, TRUE.rows))
    # A column behind 1300 ohm cannot carry what 1 mS per cell and input would.
    with pytest.raises(SolveError, match="are the resistances right"):
        calibrate_cells(Measurements(v, v @ np.full(TRUE.shape, 1e-3)), TRUE)


def test_the_command_takes_columns_curves_and_cells(tmp_path, draw):
    def run(*args):
        done = CliRunner().invoke(app, ["calibrate", *map(str, args), "--json"])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    toml = tmp_path / "d.toml"
    toml.write_text("[device]\nr_min = 2e4\nr_max = 2e5\n[crossbar]\nr_driver = 700.0\n")
    g = draw.uniform(5e-6, 5e-5, (4, 3))
    v = np.concatenate([0.2 * np.eye(4), draw.uniform(0, 0.2, (6, 4))])
    crossbar = CrossbarParams(rows=4, cols=3, r_driver=700.0)
    write_measurements(Measurements(v, v @ effective_conductance(g, crossbar)), tmp_path / "m.csv")
    found = run(tmp_path / "m.csv", "--device", toml, "--fit", "cells", "-o", tmp_path / "g.csv")
    np.testing.assert_allclose(found["conductance"], g, rtol=1e-6)
    lines = list(csv.reader((tmp_path / "g.csv").read_text().splitlines()))
    assert len(lines) == 1 + g.size
    assert float(lines[-1][2]) == pytest.approx(g[3, 2], rel=1e-6)
    np.save(tmp_path / "g.npy", g)
    found = run(
        tmp_path / "m.csv", "--conductance", tmp_path / "g.npy", "--fit", "r_driver,r_sense"
    )
    assert found["estimates"][0]["value"] == pytest.approx(700.0, rel=1e-5)
    points = np.linspace(-0.4, 0.4, 10)
    table = np.column_stack([points, np.outer(0.2 * np.sinh(points / 0.2), GIVEN)])
    text = "\n".join(",".join(map(repr, line)) for line in table.tolist())
    (tmp_path / "c.csv").write_text("v,i_0,i_1,i_2,i_3\n" + text + "\n")
    np.save(tmp_path / "p.npy", PROGRAMMED)
    found = run(tmp_path / "c.csv", "--conductance", tmp_path / "p.npy")
    values = {e["name"]: e["value"] for e in found["estimates"]}
    assert values["v0"] == pytest.approx(0.2, rel=1e-6)
    assert {"g_scale", "g_offset", "g_3"} <= set(values)
