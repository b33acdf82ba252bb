"""Compensated pairs apply the wanted matrix times one gain, within the device's range."""

from importlib import import_module

import numpy as np
import pytest

from xbarsim.errors import SolveError
from xbarsim.fast import effective_conductance
from xbarsim.mapping import chip_generator, compensate, map_weights
from xbarsim.mapping.fixed_point import FixedPoint
from xbarsim.mapping.layer import target_conductance
from xbarsim.parameters import CrossbarParams
from xbarsim.spice import spice_currents

CROSSBAR = CrossbarParams(rows=24, cols=16)
compensation = import_module("xbarsim.mapping.compensate")


@pytest.fixture
def pairs(draw, device):
    weight = draw.standard_t(4, size=(30, 40))
    return target_conductance(weight, CROSSBAR, device)[0]


def test_the_effective_matrix_is_the_wanted_one_times_one_gain(pairs, device):
    found = compensate(pairs, CROSSBAR, device, tolerance=1e-9)
    assert found.residual <= 1e-9
    assert 0.2 < found.gain < 1
    assert 0.5 * found.uncompensated_gain < found.gain < 1.5 * found.uncompensated_gain
    assert found.conductance.min() >= device.g_min
    assert found.conductance.max() > 0.9 * device.g_max
    assert found.conductance.max() <= device.g_max
    positive, negative = effective_conductance(found.conductance, CROSSBAR)
    wanted = found.gain * (pairs[0] - pairs[1])
    np.testing.assert_allclose(positive - negative, wanted, atol=1e-9 * np.abs(wanted).max())


@pytest.mark.parametrize(
    ("array", "degrees"),
    [
        (CROSSBAR, 4),
        (CrossbarParams(rows=40, cols=12, r_wire_row=60.0, r_wire_col=90.0), 30),
        (CrossbarParams(rows=128, cols=20), 3),
    ],
)
def test_the_gain_is_within_2_percent_of_the_largest_feasible(draw, device, array, degrees):
    weight = draw.standard_t(degrees, size=(array.cols // 2, array.rows))
    pairs = target_conductance(weight, array, device)[0]
    found = compensate(pairs, array, device, tolerance=1e-6)
    assert found.residual <= 1e-6
    more = 1.02 * found.gain * (pairs[0] - pairs[1])
    start = found.conductance[0] - found.conductance[1]
    point = FixedPoint(array, device)
    free, left = point.solve(more, start, 1e-6, limited=False, rounds=150)
    assert left.max() > 1e-6 or np.abs(free).max() > device.g_max - device.g_min
    _, left = point.solve(more, start, 1e-6, limited=True, rounds=150)
    assert left.max() > 1e-4


def test_tiles_that_the_search_did_not_see_lower_the_gain(draw, device, monkeypatch):
    weight = draw.standard_t(4, size=(CROSSBAR.cols, 24 * 12))
    pairs = target_conductance(weight, CROSSBAR, device)[0]
    honest = compensate(pairs, CROSSBAR, device)

    real = compensation._start

    def blind(point, wanted, best):
        search = real(point, wanted, best)
        search.hard = np.argsort(np.abs(search.x).max(axis=(1, 2)))[:2]
        return search

    monkeypatch.setattr(compensation, "_start", blind)
    found = compensate(pairs, CROSSBAR, device)
    assert found.residual <= 1e-6
    assert found.gain == pytest.approx(honest.gain, rel=0.02)


@pytest.mark.spice
def test_ngspice_confirms_it(pairs, device, draw):
    found = compensate(pairs, CROSSBAR, device, tolerance=1e-9)
    v = draw.uniform(0, device.v_read, (5, CROSSBAR.rows))
    plus, minus = (spice_currents(found.conductance[k, 0], v, CROSSBAR).i_col for k in (0, 1))
    wanted = found.gain * v @ (pairs[0, 0] - pairs[1, 0])
    np.testing.assert_allclose(plus - minus, wanted, atol=1e-7 * np.abs(plus).max())


def test_without_variation_weights_come_back_and_without_it_they_do_not(draw, device):
    weight = draw.standard_t(4, size=(12, 50))
    exact = device.replace(sigma=0.0)
    cured, raw = (
        map_weights(
            weight, CROSSBAR, exact, chip_generator(0, 0, 0), gain="layer", compensated=choice
        )
        for choice in (True, False)
    )
    scale = np.abs(weight).max()
    assert np.abs(cured.weight - weight).max() <= 1e-5 * scale
    assert np.abs(raw.weight - weight).max() > 0.02 * scale
    assert cured.residual <= 1e-6


def test_what_cannot_be_compensated_is_refused(pairs, device):
    hopeless = CROSSBAR.replace(r_wire_row=2e4, r_wire_col=2e4)
    with pytest.raises(SolveError, match="cannot be compensated"):
        compensate(pairs, hopeless, device)


def test_only_the_tiles_that_need_more_rounds_are_solved_again(pairs, device):
    solved = []
    found = compensate(pairs, CROSSBAR, device, on_tile=solved.append)
    arrays = pairs.shape[0] * pairs.shape[1]
    assert found.residual <= 1e-6
    assert sum(solved) < 20 * arrays


def test_nothing_to_apply_needs_no_compensation(device):
    pairs = np.full((2, 3, *CROSSBAR.shape), device.g_min)
    found = compensate(pairs, CROSSBAR, device)
    np.testing.assert_array_equal(found.conductance, device.g_min)
    assert found.residual == 0
