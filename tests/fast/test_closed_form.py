"""The approximate model: exact without wires, close with them, and never far for want of a resistor."""

import json
from importlib import resources

import numpy as np
import pytest

from xbarsim.errors import ParameterError
from xbarsim.fast import closed_form_conductance, effective_conductance
from xbarsim.fast.closed_form import COEFFICIENTS, fitted_kappa
from xbarsim.parameters import CrossbarParams, TopologyParams, load_crossbar
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


@pytest.mark.parametrize("shape", [(32, 100), (100, 32), (64, 64)])
def test_more_bounces_come_closer(device, draw, shape):
    crossbar = load_crossbar("bhattacharjee2022", rows=shape[0], cols=shape[1])
    g = draw.uniform(device.g_min, device.g_max, crossbar.shape)
    errors = [worst(g, crossbar, np.random.default_rng(0), bounces=k) for k in (1, 2, 4)]
    assert errors[2] <= errors[1] * 1.05 <= errors[0] * 1.05**2
    assert errors[-1] < 0.0015


def test_held_out_circuits_in_ngspice_stay_within_the_bar():
    """What scripts/fit_closed_form.py left; none of these circuits was fitted to."""
    report = json.loads((resources.files("xbarsim.fast") / COEFFICIENTS).read_text())
    assert not set(report["fitted_to"]) & set(report["held_out"]["1"])
    for bounces in ("1", "2"):
        assert 0.9 < report["kappa"][bounces] < 1.1
        for circuit in report["held_out"][bounces].values():
            assert circuit["N^2 R/R_MIN"] <= 1
            assert circuit["max error"] <= 0.005
    assert fitted_kappa(7) == report["kappa"]["2"]


@pytest.mark.parametrize("ends", [(0.0, 0.0), (500.0, 0.0), (0.0, 500.0)])
def test_where_nothing_can_sneak_it_is_exact(ends, draw):
    """Without wires, with one set of ends at 0 Ω: other lines are held at their voltages."""
    crossbar = CrossbarParams(
        rows=7, cols=4, r_driver=ends[0], r_wire_row=0, r_wire_col=0, r_sense=ends[1]
    )
    g = draw.uniform(1e-5, 1e-3, crossbar.shape)
    g[2], g[:, 1] = 0, 0
    exact = nodal_effective_conductance(g, crossbar)
    found = closed_form_conductance(g, crossbar)
    np.testing.assert_allclose(found, exact, rtol=1e-10, atol=1e-18)


def test_all_inputs_together_are_exact_in_the_end(crossbar, draw):
    """Row sums, column sums: the bounces' totals are those of the exact matrix."""
    g = draw.uniform(1e-5, 1e-3, crossbar.shape)
    exact = effective_conductance(g, crossbar)
    found = closed_form_conductance(g, crossbar, bounces=60)
    np.testing.assert_allclose(found.sum(axis=0), exact.sum(axis=0), rtol=1e-9)
    np.testing.assert_allclose(found.sum(axis=1), exact.sum(axis=1), rtol=1e-9)


@pytest.mark.parametrize("drive", ["one", "both"])
@pytest.mark.parametrize("sense", ["one", "both"])
def test_every_end_and_segment_counts(device, draw, drive, sense):
    crossbar = CrossbarParams(rows=30, cols=22, r_driver=500.0, r_sense=200.0)
    options = {
        "topology": TopologyParams(drive=drive, sense=sense, lead_row=3, lead_col=1),
        "r_wire_row": draw.uniform(0, 10, (30, 21)), "r_wire_col": draw.uniform(0, 20, (29, 22)),
    }  # fmt: skip
    g = draw.uniform(device.g_min, device.g_max, crossbar.shape)
    spikes = np.concatenate([draw.random((50, 30)) < 0.4, np.eye(30, dtype=bool)])
    exact = spikes @ effective_conductance(g, crossbar, **options)
    found = spikes @ closed_form_conductance(g, crossbar, **options)
    assert np.abs(found - exact).max() / exact.max() < 0.002


def test_a_dark_array_stays_dark(crossbar):
    assert not closed_form_conductance(np.zeros(crossbar.shape), crossbar).any()


def test_what_does_not_fit_is_refused(crossbar):
    with pytest.raises(ParameterError, match="bounces is 0"):
        closed_form_conductance(np.zeros(crossbar.shape), crossbar, bounces=0)
    with pytest.raises(ParameterError, match=r"\(3, 5\) but the array is 5x3"):
        closed_form_conductance(np.zeros((3, 5)), crossbar)
