"""The approximate model: exact without wires, close with them, and never far for want of a resistor."""

import numpy as np
import pytest

from xbarsim.errors import ParameterError
from xbarsim.fast import closed_form_conductance, effective_conductance
from xbarsim.parameters import CrossbarParams, load_crossbar
from xbarsim.reference import nodal_effective_conductance


def worst(g, crossbar, draw, **options):
    exact = effective_conductance(g, crossbar)
    spikes = draw.random((200, crossbar.rows)) < draw.uniform(0.02, 0.9, (200, 1))
    found = closed_form_conductance(g, crossbar, **options)
    return np.abs(spikes @ (found - exact)).max() / (spikes @ exact).max()


@pytest.mark.parametrize("size", [8, 32, 44])
def test_half_a_percent_up_to_unit_wire_strength(size, device, draw):
    crossbar = load_crossbar("bhattacharjee2022", rows=size, cols=size)
    assert size**2 * max(crossbar.r_wire_row, crossbar.r_wire_col) * device.g_max <= 1
    g = draw.uniform(device.g_min, device.g_max, crossbar.shape)
    assert worst(g, crossbar, draw) <= 0.005


def test_more_corrections_come_closer(device, draw):
    crossbar = load_crossbar("bhattacharjee2022", rows=32, cols=24)
    g = draw.uniform(device.g_min, device.g_max, crossbar.shape)
    errors = [worst(g, crossbar, np.random.default_rng(0), corrections=k) for k in (0, 2, 4, 12)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-7


@pytest.mark.parametrize("ends", [(0.0, 0.0), (500.0, 0.0), (0.0, 500.0), (300.0, 900.0)])
def test_without_wires_it_is_exact(ends, draw):
    crossbar = CrossbarParams(
        rows=7, cols=4, r_driver=ends[0], r_wire_row=0, r_wire_col=0, r_sense=ends[1]
    )
    g = draw.uniform(1e-5, 1e-3, crossbar.shape)
    g[2], g[:, 1] = 0, 0
    exact = nodal_effective_conductance(g, crossbar)
    found = closed_form_conductance(g, crossbar)
    np.testing.assert_allclose(found, exact, rtol=1e-10, atol=1e-18)


def test_a_dark_array_stays_dark(crossbar):
    assert not closed_form_conductance(np.zeros(crossbar.shape), crossbar).any()


def test_what_does_not_fit_is_refused(crossbar):
    with pytest.raises(ParameterError, match="corrections is -1"):
        closed_form_conductance(np.zeros(crossbar.shape), crossbar, corrections=-1)
    with pytest.raises(ParameterError, match=r"\(3, 5\) but the array is 5x3"):
        closed_form_conductance(np.zeros((3, 5)), crossbar)
