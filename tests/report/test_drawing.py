"""A drawing shows the solution: Kirchhoff's laws hold in its colours; networks' figures count right."""

import io

import numpy as np
import pytest

from xbarsim.errors import ParameterError
from xbarsim.reference import solve_nodal
from xbarsim.report.drawing import crossbar_drawing
from xbarsim.report.networks import conductance_histogram, spike_raster


@pytest.fixture
def solved(crossbar, device, draw):
    """Driver voltages of an array of 5x3 that differs in everything, and its solution."""
    g = draw.uniform(device.g_min, device.g_max, crossbar.shape)
    v = np.array([0.1, 0.0, 0.25, 0.15, 0.2])
    return v, solve_nodal(g, v[None], crossbar)


def drawn(crossbar, solved, colour):
    v, s = solved
    figure = crossbar_drawing(v, s.v_word[0], s.v_bit[0], s.i_cell[0], crossbar, colour=colour)
    wires, cells = figure.axes[0].collections
    return figure, wires, cells


def test_currents_are_those_that_the_voltages_drive(crossbar, solved):
    _, wires, cells = drawn(crossbar, solved, "current")
    v, s = solved
    word, bit = s.v_word[0], s.v_bit[0]
    along = np.concatenate(
        [(v - word[:, 0])[:, None] / crossbar.r_driver, -np.diff(word) / crossbar.r_wire_row],
        axis=1,
    )
    down = np.concatenate(
        [-np.diff(bit, axis=0) / crossbar.r_wire_col, bit[-1:] / crossbar.r_sense]
    )
    expected = np.abs(np.concatenate([along.ravel(), down.ravel()]))
    np.testing.assert_allclose(wires.get_array(), expected, rtol=1e-6)
    np.testing.assert_allclose(cells.get_array(), np.abs(s.i_cell[0]).ravel())
    # The last wires of the list are those into the sense resistors.
    np.testing.assert_allclose(wires.get_array()[-crossbar.cols :], s.i_col[0])


def test_voltages_fall_along_a_driven_word_line(crossbar, solved):
    figure, wires, cells = drawn(crossbar, solved, "voltage")
    v, s = solved
    lines = np.array(wires.get_segments())
    first_row = (lines[:, :, 1] == 0).all(axis=1)
    found = np.asarray(wires.get_array())[first_row]
    assert len(found) == crossbar.cols
    assert (np.diff(found) < 0).all()
    np.testing.assert_allclose(found[0], (v[0] + s.v_word[0, 0, 0]) / 2)
    np.testing.assert_allclose(cells.get_array(), np.abs(s.v_word[0] - s.v_bit[0]).ravel())
    assert figure.axes[1].get_ylabel() == "voltage [V]"


def test_a_cell_joins_its_word_line_to_its_bit_line(crossbar, solved):
    _, wires, cells = drawn(crossbar, solved, "voltage")
    ends = {tuple(np.round(p, 6)) for line in wires.get_segments() for p in line}
    for line in cells.get_segments():
        assert {tuple(np.round(p, 6)) for p in line} <= ends


def test_the_drawing_is_made_of_vectors(crossbar, solved):
    figure, *_ = drawn(crossbar, solved, "voltage")
    stream = io.StringIO()
    figure.savefig(stream, format="svg")
    # The one picture is the colour bar's scale.
    assert stream.getvalue().count("<image") <= 1
    assert stream.getvalue().count("<path") > 2 * crossbar.rows * crossbar.cols


def test_what_cannot_be_drawn_is_refused(crossbar, solved):
    v, s = solved
    with pytest.raises(ParameterError, match=r"the array is \(5, 3\), but .* are \[\(4,\)"):
        crossbar_drawing(v[:4], s.v_word[0], s.v_bit[0], s.i_cell[0], crossbar)
    big = crossbar.replace(rows=49, cols=2)
    with pytest.raises(ParameterError, match="49x2 is too fine to draw"):
        crossbar_drawing(np.zeros(49), *[np.zeros((49, 2))] * 3, big)


def test_the_histogram_counts_every_cell(device, draw):
    g = {"first": draw.uniform(device.g_min, device.g_max, (2, 3, 40)), "second": np.full(8, 2e-5)}
    figure = conductance_histogram(g, device)
    for axes, (name, cells) in zip(figure.axes, g.items(), strict=True):
        (patch,) = axes.patches
        values, edges, _ = patch.get_data()
        assert values.sum() == pytest.approx(100)
        middle = (edges[1:] + edges[:-1]) / 2
        assert (values * middle).sum() / 100 == pytest.approx(1e6 * cells.mean(), abs=1)
        assert f"{name}: {cells.size} cells" in axes.get_title(loc="left")
        limits = [line.get_xdata()[0] for line in axes.lines]
        np.testing.assert_allclose(limits, [1e6 * device.g_min, 1e6 * device.g_max])
    with pytest.raises(ParameterError, match="each name needs some"):
        conductance_histogram({"none": np.empty(0)}, device)


def test_a_raster_has_a_mark_for_every_spike():
    spikes = np.zeros((4, 2, 3))
    spikes[0, 0, 1] = spikes[3, 1, 2] = spikes[3, 0, 0] = 1
    figure = spike_raster({"software": spikes, "chip": 0 * spikes})
    marks = [set(zip(*axes.lines[0].get_data(), strict=True)) for axes in figure.axes]
    assert marks == [{(1, 1), (4, 5), (4, 0)}, set()]
    assert figure.axes[0].get_title() == "software: 3 spikes"
    with pytest.raises(ParameterError, match="the same time-steps"):
        spike_raster({"a": spikes, "b": spikes[:2]})
