"""Nonlinear cells for whole networks: close to the nodal Newton on patterns it has not seen."""

import numpy as np
import pytest

from xbarsim.circuit import build_circuit
from xbarsim.errors import ParameterError
from xbarsim.fast import (
    PolynomialLaw,
    effective_conductance,
    fit_activity,
    fit_nonlinear_activity,
    fit_nonlinear_static,
)
from xbarsim.fast.nonlinear_static import secant_conductance
from xbarsim.parameters import SinhCell, TopologyParams, TransistorCell, load_crossbar
from xbarsim.reference import solve_circuit
from xbarsim.spice import spice_currents

CROSSBAR = load_crossbar("bhattacharjee2022", rows=8, cols=5)
SINH = SinhCell(v0=0.25)


@pytest.fixture
def g(device, draw):
    return draw.uniform(device.g_min, device.g_max, CROSSBAR.shape)


def spikes_for(draw, count):
    spikes = draw.random((count, 8)) < 0.4
    spikes[:, 2] = True
    return spikes


def test_one_matrix_stands_in_for_nonlinear_cells(g, draw):
    model = fit_nonlinear_static(g, CROSSBAR, SINH, 0.25, generator=draw)
    spikes = spikes_for(draw, 12)
    exact = solve_circuit(build_circuit(g, CROSSBAR, cell=SINH), 0.25 * spikes).i_col
    error = np.abs(model.currents(spikes) - exact).max() / exact.max()
    assert error < 0.03
    assert 0 < model.error_rms < model.error_max < 0.03
    linear = np.abs(0.25 * spikes @ effective_conductance(g, CROSSBAR) - exact).max() / exact.max()
    assert error < linear / 2
    assert model.figures["held_out_error_max"] == float(model.error_max)
    assert (model.secant > g).all()


@pytest.mark.spice
def test_the_matrix_holds_against_ngspice(g, draw):
    model = fit_nonlinear_static(g, CROSSBAR, SINH, 0.25, generator=draw)
    spikes = spikes_for(draw, 10)
    i_col = spice_currents(g, 0.25 * spikes, CROSSBAR, cell=SINH).i_col
    assert np.abs(model.currents(spikes) - i_col).max() < 0.03 * i_col.max()


@pytest.mark.parametrize("silent_rows", ["grounded", "gated", "floating"])
def test_two_products_follow_the_pattern(g, draw, silent_rows):
    cell = TransistorCell(v_gate=1.0)
    model = fit_nonlinear_activity(g, CROSSBAR, cell, silent_rows, 0.3, generator=draw, held_out=9)
    spikes = spikes_for(draw, 4)
    for s in spikes:
        circuit = build_circuit(
            g, CROSSBAR, cell=cell, topology=TopologyParams(silent=silent_rows), active=s
        )
        exact = solve_circuit(circuit, 0.3 * s).i_col[0]
        assert np.abs(model.currents(s, 0.3) - exact).max() < 0.01 * exact.max()
    assert model.error_max < 0.01
    with pytest.raises(ParameterError, match=r"fitted at 0\.3 V"):
        model.currents(spikes, 0.1)


def test_linear_cells_are_their_own_secants(g):
    ohm = PolynomialLaw(())
    model = fit_nonlinear_static(g, CROSSBAR, ohm, 0.1, generator=np.random.default_rng(1))
    np.testing.assert_allclose(model.secant, g, rtol=1e-9)
    np.testing.assert_allclose(model.g_eff, effective_conductance(g, CROSSBAR), rtol=1e-9)
    one, two = (
        fit(generator=np.random.default_rng(5))
        for fit in (
            lambda **k: fit_activity(g, CROSSBAR, "gated", **k),
            lambda **k: fit_nonlinear_activity(g, CROSSBAR, ohm, "gated", 0.1, **k),
        )
    )
    np.testing.assert_allclose(one.gain, two.gain, rtol=1e-5)


def test_tiles_keep_their_places(device, draw):
    g = draw.uniform(device.g_min, device.g_max, (2, 1, *CROSSBAR.shape))
    seen = []
    many = fit_nonlinear_static(
        g, CROSSBAR, SINH, 0.25, generator=np.random.default_rng(2), on_tile=seen.append
    )
    one = fit_nonlinear_static(g[1, 0], CROSSBAR, SINH, 0.25, generator=np.random.default_rng(2))
    assert sum(seen) == 2
    np.testing.assert_allclose(many.g_eff[1, 0], one.g_eff, rtol=1e-9)
    assert many.currents(np.ones(8)).shape == (2, 1, 5)


def test_a_row_that_never_spikes_keeps_its_conductance():
    spikes = np.array([[True, False], [True, False]])
    v, i = np.full((2, 2, 3), 0.2), np.full((2, 2, 3), 1e-6)
    found = secant_conductance(np.full((2, 3), 7.0), spikes, v, i)
    np.testing.assert_allclose(found, [[5e-6] * 3, [7.0] * 3])


def test_what_cannot_be_fitted_is_refused(g, draw):
    with pytest.raises(ParameterError, match=r"v_read 0\.0 V"):
        fit_nonlinear_static(g, CROSSBAR, SINH, 0.0, generator=draw)
    with pytest.raises(ParameterError, match="patterns is 0"):
        fit_nonlinear_static(g, CROSSBAR, SINH, 0.1, generator=draw, patterns=0)
