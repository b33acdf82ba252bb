"""Tests of the assignment of items to kinds of places, against one of items to single places."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from xbarsim.errors import ParameterError
from xbarsim.mapping import order, transport
from xbarsim.parameters import CrossbarParams
from xbarsim.reference import solve_nodal


@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=7),
    st.integers(0, 2**32 - 1),
    st.sampled_from([1.0, 0.5]),
)
def test_no_assignment_costs_less(places, seed, coarse):
    kinds = np.repeat(np.arange(len(places)), places)
    if not len(kinds):
        places, kinds = [*places, 2], np.array([len(places)] * 2)
    cost = np.random.default_rng(seed).normal(size=(len(kinds), len(places)))
    cost = np.round(cost * 4) / 4 if coarse < 1 else cost
    found = transport.assign_to_kinds(cost, np.array(places))
    np.testing.assert_array_equal(np.bincount(found, minlength=len(places)), places)
    items, seats = linear_sum_assignment(cost[:, kinds])
    least = cost[items, kinds[seats]].sum()
    assert cost[np.arange(len(cost)), found].sum() == pytest.approx(least, abs=1e-12 * len(cost))


def test_a_chain_of_moves_beats_the_move_of_one():
    cost = np.array([[0.0, 1.0, 9.0], [0.0, 5.0, 9.0], [5.0, 0.0, 1.0]])
    found = transport.assign_to_kinds(cost, np.array([1, 1, 1]))
    np.testing.assert_array_equal(found, [1, 0, 2])


@pytest.mark.parametrize(
    ("cost", "places", "match"),
    [
        (np.zeros((3, 2)), [1, 1], "3 items cannot be assigned to 2 places"),
        (np.zeros((3, 2)), [4, -1], "have as many of both"),
        (np.array([[0.0, np.nan]]), [1, 0], "not finite"),
    ],
)
def test_what_cannot_be_assigned_is_refused(cost, places, match):
    with pytest.raises(ParameterError, match=match):
        transport.assign_to_kinds(cost, np.array(places))


def test_rows_and_columns_take_the_same_total_as_single_places(draw):
    loss = np.abs(draw.normal(size=(5, 3)))
    weight = draw.normal(size=(8, 13))
    power = weight.T**2
    rows, cols = np.arange(13) % 5, np.arange(8) % 3
    found = order.order_of(power, loss)
    by_row = power @ loss[:, cols].T
    items, places = linear_sum_assignment(by_row[:, rows])
    least = by_row[items, rows[places]].sum()
    assert by_row[found[0], rows].sum() == pytest.approx(least)
    by_col = power[found[0]].T @ loss[rows]
    items, places = linear_sum_assignment(by_col[:, cols])
    least = by_col[items, cols[places]].sum()
    assert by_col[found[1], cols].sum() == pytest.approx(least)


def test_places_lose_what_the_oracle_says_of_average_cells(device):
    crossbar = CrossbarParams(rows=7, cols=4, r_driver=900.0, r_wire_row=30.0, r_wire_col=50.0)
    g = np.full((7, 4), 0.75 * device.g_min + 0.25 * device.g_max)
    kept = solve_nodal(g, np.eye(7), crossbar).i_col / g
    loss = order.place_loss(crossbar, device)
    np.testing.assert_allclose(loss, (kept.max() - kept) ** 2, rtol=1e-6, atol=1e-15)
    assert loss.min() == 0
    assert loss.max() > 1e-4
