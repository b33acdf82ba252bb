"""The activity model: close to the exact solve of patterns it has not seen."""

import numpy as np
import pytest

from xbarsim.errors import ParameterError
from xbarsim.fast import effective_conductance, fit_activity
from xbarsim.parameters import load_crossbar


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
