"""Resistances come back from noisy ngspice data, within the intervals that are stated."""

import numpy as np
import pytest

from xbarsim.calibration import Measurements, calibrate, read_measurements
from xbarsim.calibration.measurements import write_measurements
from xbarsim.errors import ParameterError
from xbarsim.parameters import CrossbarParams
from xbarsim.reference import solve_nodal
from xbarsim.spice import spice_currents

TRUE = CrossbarParams(
    rows=16, cols=12, r_driver=700.0, r_wire_row=6.5, r_wire_col=13.0, r_sense=1300.0
)
START = CrossbarParams(rows=16, cols=12)


@pytest.fixture
def clean(draw):
    g = draw.uniform(5e-6, 5e-5, TRUE.shape)
    v = draw.uniform(0, 0.2, (60, TRUE.rows))
    return g, Measurements(v, spice_currents(g, v, TRUE).i_col)


@pytest.mark.spice
def test_clean_ngspice_data_gives_the_resistances_back(clean):
    g, data = clean
    found = calibrate(data, g, START)
    for name in ("r_driver", "r_wire_row", "r_wire_col", "r_sense"):
        assert getattr(found.crossbar, name) == pytest.approx(getattr(TRUE, name), rel=1e-6)
    assert found.noise < 1e-9


@pytest.mark.spice
def test_intervals_cover_the_truth_as_often_as_they_say(clean, draw):
    g, data = clean
    inside = 0
    for _ in range(20):
        noisy = data.i_col * (1 + 0.01 * draw.standard_normal(data.i_col.shape))
        found = calibrate(Measurements(data.v_row, noisy), g, START)
        assert found.noise == pytest.approx(0.01, rel=0.2)
        inside += all(e.low <= getattr(TRUE, e.name) <= e.high for e in found.estimates)
    assert inside >= 16


def test_scale_and_offset_of_the_conductances(draw):
    g = draw.uniform(5e-6, 5e-5, TRUE.shape)
    v = draw.uniform(0, 0.2, (40, TRUE.rows))
    data = Measurements(v, solve_nodal(1.07 * g + 1e-6, v, TRUE).i_col)
    found = calibrate(data, g, TRUE, parameters=("g_scale", "g_offset"))
    values = {e.name: e.value for e in found.estimates}
    assert values["g_scale"] == pytest.approx(1.07, rel=1e-5)
    assert values["g_offset"] == pytest.approx(1e-6, rel=1e-4)


def test_what_cannot_be_told_apart_is_said(draw):
    """One row and one column: every resistance is in series with every other."""
    one = CrossbarParams(rows=1, cols=1, r_driver=500.0, r_sense=800.0)
    v = draw.uniform(0.1, 0.2, (30, 1))
    noisy = solve_nodal([[1e-4]], v, one).i_col * (1 + 0.01 * draw.standard_normal((30, 1)))
    found = calibrate(Measurements(v, noisy), [[1e-4]], one, parameters=("r_driver", "r_sense"))
    judged = found.identifiability
    assert judged.condition > 1e6
    assert [pair[:2] for pair in judged.confounded] == [("r_driver", "r_sense")]
    assert judged.vague == ("r_driver", "r_sense")
    assert all(e.deviation > 10 * e.value for e in found.estimates)
    assert "on its own" in judged.advice


def test_the_file_format_keeps_every_digit_and_names_mistakes(tmp_path, draw):
    data = Measurements(draw.random((3, 2)), draw.random((3, 4)))
    path = tmp_path / "m.csv"
    write_measurements(data, path)
    back = read_measurements(path)
    np.testing.assert_array_equal(back.v_row, data.v_row)
    np.testing.assert_array_equal(back.i_col, data.i_col)
    for text, match in (
        ("v_0,i_0\n", "no measurements"),
        ("v_0,i_1\n1,2\n", "'i_0'"),
        ("v_0,i_0,x\n1,2,3\n", "'x'"),
        ("v_0,i_0\n1,two\n", "not a table of numbers"),
        ("v_0,i_0\n1,nan\n", "not finite"),
    ):
        path.write_text(text)
        with pytest.raises(ParameterError, match=match):
            read_measurements(path)


def test_bad_requests_are_refused():
    data = Measurements(np.ones((2, 16)), np.ones((2, 12)))
    with pytest.raises(ParameterError, match="r_drive"):
        calibrate(data, np.ones(TRUE.shape), START, parameters=("r_drive",))
    with pytest.raises(ParameterError, match="i_col has shape"):
        calibrate(Measurements(np.ones((2, 16)), np.ones((2, 3))), np.ones(TRUE.shape), START)
