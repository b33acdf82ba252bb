"""Rows that do not spike: gated and floating, against the nodal solve of each pattern."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from xbarsim.errors import ParameterError
from xbarsim.fast import effective_conductance
from xbarsim.fast.batched import eliminate_batched
from xbarsim.fast.lines import Wiring
from xbarsim.parameters import CrossbarParams
from xbarsim.reference import nodal_effective_conductance, solve_nodal

resistance = st.one_of(st.just(0.0), st.floats(1.0, 5e3))


@st.composite
def problems(draw, most=8):
    rows, cols = draw(st.integers(1, most)), draw(st.integers(1, most))
    crossbar = CrossbarParams(
        rows=rows, cols=cols, r_driver=draw(resistance), r_wire_row=draw(resistance),
        r_wire_col=draw(resistance), r_sense=draw(resistance),
    )  # fmt: skip
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    g = np.exp(generator.uniform(np.log(1e-6), np.log(1e-3), (rows, cols)))
    if draw(st.booleans()):
        g[generator.random((rows, cols)) < 0.4] = 0.0
    return g, crossbar, generator.random((4, rows)) < draw(st.floats(0.0, 1.0))


def close(a, b, rtol=1e-11):
    np.testing.assert_allclose(a, b, rtol=0, atol=rtol * max(np.abs(b).max(), 1e-30))


def by_torch(g, crossbar, active):
    many = torch.from_numpy(np.broadcast_to(g, (len(active), *g.shape)).copy())
    return eliminate_batched(many, Wiring.of(crossbar).lines(), torch.from_numpy(~active)).numpy()


@given(problem=problems())
def test_floating_rows_agree_with_the_nodal_solve(problem):
    g, crossbar, active = problem
    exact = [nodal_effective_conductance(g, crossbar, floating=~a) for a in active]
    found = effective_conductance(g, crossbar, silent_rows="floating", active=active)
    close(found, np.array(exact))
    close(by_torch(g, crossbar, active), np.array(exact))


@given(problem=problems())
def test_floating_rows_keep_their_digits_in_single_precision(problem):
    g, crossbar, active = problem
    exact = [nodal_effective_conductance(g, crossbar, floating=~a) for a in active]
    single = g.astype(np.float32)
    close(
        effective_conductance(single, crossbar, silent_rows="floating", active=active), exact, 2e-5
    )


@given(problem=problems())
def test_gated_rows_are_open_cells(problem):
    g, crossbar, active = problem
    exact = [nodal_effective_conductance(g * a[:, None], crossbar) for a in active]
    close(effective_conductance(g, crossbar, silent_rows="gated", active=active), np.array(exact))


def test_a_floating_row_is_the_limit_of_a_weak_driver(crossbar, draw):
    """The nodal solve's floating rows against resistors that stand in their place."""
    g = draw.uniform(1e-5, 1e-3, crossbar.shape)
    floating = np.array([False, True, False, True, False])
    solution = solve_nodal(g, np.eye(crossbar.rows), crossbar, floating=floating)
    assert np.abs(solution.i_cell.sum(axis=2)[:, floating]).max() < 1e-15
    assert not solution.i_col[floating].any()


def test_grounded_rows_do_not_depend_on_the_pattern(crossbar, draw):
    g = draw.uniform(1e-5, 1e-3, crossbar.shape)
    active = draw.random((2, 3, crossbar.rows)) < 0.5
    found = effective_conductance(g, crossbar, active=active)
    assert found.shape == (2, 3, *crossbar.shape)
    close(found, np.broadcast_to(nodal_effective_conductance(g, crossbar), found.shape))


def test_patterns_are_broadcast_with_arrays(crossbar, draw):
    g = draw.uniform(1e-5, 1e-3, (2, 1, *crossbar.shape))
    active = draw.random((6, crossbar.rows)) < 0.5
    found = effective_conductance(g, crossbar, silent_rows="floating", active=active)
    assert found.shape == (2, 6, *crossbar.shape)
    exact = nodal_effective_conductance(g[1, 0], crossbar, floating=~active[4])
    close(found[1, 4], exact)


@pytest.mark.parametrize("kind", ["gated", "floating"])
def test_the_gradient_passes_through_patterns(crossbar, draw, kind):
    g = torch.from_numpy(draw.uniform(0.5, 2.0, crossbar.shape)).requires_grad_()
    active = draw.random((3, crossbar.rows)) < 0.6

    def scaled(x):
        return 1e4 * effective_conductance(x * 1e-4, crossbar, silent_rows=kind, active=active)

    assert torch.autograd.gradcheck(scaled, (g,))


def test_a_missing_or_wrong_mask_is_refused(crossbar):
    g = np.full(crossbar.shape, 1e-5)
    with pytest.raises(ParameterError, match="say which rows spike"):
        effective_conductance(g, crossbar, silent_rows="gated")
    with pytest.raises(ParameterError, match=r"shape \(3,\).*5 rows"):
        effective_conductance(g, crossbar, silent_rows="gated", active=np.ones(3, dtype=bool))
    with pytest.raises(ParameterError, match="int64"):
        effective_conductance(g, crossbar, active=np.ones(5, dtype=np.int64))
    with pytest.raises(ParameterError, match="'asleep'; use one of grounded, gated, floating"):
        effective_conductance(g, crossbar, silent_rows="asleep", active=np.ones(5, dtype=bool))
