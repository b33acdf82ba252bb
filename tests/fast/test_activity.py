"""The activity model: close to the exact solve of patterns it has not seen."""

import numpy as np
import pytest

from xbarsim.errors import ParameterError
from xbarsim.fast import effective_conductance, fit_activity, fit_activity_currents, rational
from xbarsim.fast.patterns import pattern_currents, random_patterns, training_patterns
from xbarsim.parameters import TopologyParams, load_crossbar
from xbarsim.reference import solve_nodal
from xbarsim.spice import spice_currents


@pytest.mark.parametrize("silent_rows", ["gated", "floating"])
def test_it_predicts_patterns_it_has_not_seen(silent_rows, device, draw):
    crossbar = load_crossbar("bhattacharjee2022", rows=16, cols=12)
    g = draw.uniform(device.g_min, device.g_max, crossbar.shape)
    model = fit_activity(g, crossbar, silent_rows, generator=draw, patterns=200)
    active = draw.random((50, 16)) < 0.3
    active[:, 3] = True
    exact = effective_conductance(g, crossbar, silent_rows=silent_rows, active=active).sum(axis=1)
    error = np.abs(model.currents(active, 0.1) - 0.1 * exact).max() / (0.1 * exact.max())
    assert error < 0.01
    assert 0 < model.error_rms < model.error_max < 0.01
    static = np.abs(active @ effective_conductance(g, crossbar) - exact).max() / exact.max()
    assert error < static / 5


def test_without_wires_it_is_the_conductance(draw):
    crossbar = load_crossbar("bhattacharjee2022", rows=6, cols=4).replace(
        r_driver=0, r_wire_row=0, r_wire_col=0, r_sense=0
    )
    g = draw.uniform(1e-5, 1e-4, crossbar.shape)
    model = fit_activity(g, crossbar, "gated", generator=draw, patterns=100)
    spikes = draw.random((20, 6)) < 0.5
    np.testing.assert_allclose(model.currents(spikes, 1.0), spikes @ g, rtol=1e-6, atol=1e-12)


def test_dark_rows_and_columns_stay_dark(draw):
    crossbar = load_crossbar("bhattacharjee2022", rows=6, cols=4)
    g = draw.uniform(1e-5, 1e-4, crossbar.shape)
    g[2], g[:, 1] = 0, 0
    model = fit_activity(g, crossbar, "floating", generator=draw, patterns=100)
    assert not model.currents(np.ones(6), 1.0)[1]
    only = np.zeros(6)
    only[2] = 1
    assert np.abs(model.currents(only, 1.0)).max() < 1e-3 * g.max()


def test_what_cannot_be_fitted_is_refused(crossbar, draw):
    g = np.full(crossbar.shape, 1e-5)
    with pytest.raises(ParameterError, match="exact for every pattern"):
        fit_activity(g, crossbar, "grounded", generator=draw)
    with pytest.raises(ParameterError, match=r"patterns is 9 .* two a row"):
        fit_activity(g, crossbar, "gated", generator=draw, patterns=9)
    model = fit_activity(g, crossbar, "gated", generator=draw, patterns=50)
    with pytest.raises(ParameterError, match=r"shape \(3,\).*5 rows"):
        model.currents(np.ones(3), 1.0)


@pytest.mark.parametrize("zero", [(), ("r_driver",), ("r_sense",), ("r_wire_row", "r_wire_col")])
def test_currents_of_patterns_are_the_nodal_solves(crossbar, draw, zero):
    p = crossbar.replace(**dict.fromkeys(zero, 0.0))
    g = draw.uniform(1e-5, 1e-3, p.shape)
    g[draw.random(p.shape) < 0.2] = 0
    g[3] = 0
    spikes = draw.random((6, p.rows)) < 0.5
    spikes[0], spikes[1] = False, True
    for silent in ("gated", "floating", "grounded"):
        found = pattern_currents(g, p, silent, spikes)
        for k, s in enumerate(spikes):
            cells = g * s[:, None] if silent == "gated" else g
            floating = ~s if silent == "floating" else None
            exact = solve_nodal(cells, 1.0 * s, p, floating=floating).i_col[0]
            np.testing.assert_allclose(found[k], exact, rtol=1e-9, atol=1e-16)


def test_many_tiles_are_fitted_as_one_by_one(device, draw):
    crossbar = load_crossbar("bhattacharjee2022", rows=6, cols=4)
    g = draw.uniform(device.g_min, device.g_max, (3, 2, *crossbar.shape))
    seen = []
    together = fit_activity(
        g, crossbar, "gated", generator=np.random.default_rng(1), on_tile=seen.append
    )
    alone = fit_activity(g[2, 1], crossbar, "gated", generator=np.random.default_rng(1))
    assert sum(seen) == 6
    assert together.error_max.shape == (3, 2)
    np.testing.assert_allclose(together.load[2, 1], alone.load, rtol=1e-9)
    assert together.error_max[2, 1] == pytest.approx(float(alone.error_max), rel=1e-6)
    spikes = draw.random((9, 6)) < 0.4
    currents = together.currents(spikes, 0.1)
    assert currents.shape == (3, 2, 9, 4)
    np.testing.assert_allclose(currents[2, 1], alone.currents(spikes, 0.1), rtol=1e-9)


@pytest.mark.spice
@pytest.mark.parametrize("silent_rows", ["gated", "floating"])
def test_it_can_be_fitted_to_ngspice_alone(silent_rows, device, draw):
    crossbar = load_crossbar("bhattacharjee2022", rows=7, cols=4)
    g = draw.uniform(device.g_min, device.g_max, crossbar.shape)
    train = training_patterns(25, 7, (0.1, 0.5), draw)
    test = random_patterns(8, 7, (0.1, 0.5), draw)
    topology = TopologyParams(silent=silent_rows)
    by_spice = [
        spice_currents(g, device.v_read * s, crossbar, topology=topology).i_col
        for s in (train, test)
    ]
    model = fit_activity_currents(train, by_spice[0], test, by_spice[1], v_read=device.v_read)
    assert model.error_max < 0.01
    exact = pattern_currents(g, crossbar, silent_rows, train)
    np.testing.assert_allclose(by_spice[0], device.v_read * exact, rtol=1e-8)


def test_a_nonlinear_fit_is_for_one_voltage(draw):
    spikes = training_patterns(30, 5, (0.2, 0.5), draw)
    currents = spikes @ draw.uniform(1e-6, 1e-5, (5, 3))
    model = fit_activity_currents(
        spikes, currents, spikes[:4], currents[:4], v_read=0.2, linear=False
    )
    np.testing.assert_allclose(model.currents(spikes, 0.2), currents, rtol=1e-6)
    with pytest.raises(ParameterError, match=r"0.1 V.*fitted at 0.2 V"):
        model.currents(spikes, 0.1)
    with pytest.raises(ParameterError, match=r"30 patterns have shape \(29, 3\)"):
        fit_activity_currents(spikes, currents[1:], spikes[:4], currents[:4], v_read=0.2)


def test_the_fit_does_not_depend_on_how_much_is_done_at_a_time(draw, monkeypatch):
    spikes = training_patterns(40, 7, (0.2, 0.5), draw).astype(float)
    currents = (spikes @ draw.uniform(1, 2, (7, 3))) / (1 + spikes @ draw.uniform(0, 1, (7, 3)))
    whole = rational.fit_rational(spikes, currents)
    monkeypatch.setattr(rational, "_NUMBERS_AT_A_TIME", 200)
    for one, other in zip(whole, rational.fit_rational(spikes, currents), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-9)
    gain, load = whole
    np.testing.assert_allclose(spikes @ gain / (1 + spikes @ load), currents, rtol=1e-5)
