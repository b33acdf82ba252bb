"""Gradients and noise by the adjoint network, against finite differences, nodal solves and draws."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from xbarsim.errors import ParameterError
from xbarsim.fast import column_currents, effective_conductance, read_noise_deviation
from xbarsim.fast.batched import eliminate_batched
from xbarsim.fast.nodes import factorise
from xbarsim.parameters import CrossbarParams
from xbarsim.reference import solve_nodal

resistance = st.one_of(st.just(0.0), st.floats(1.0, 5e3))


@st.composite
def problems(draw, most=6):
    rows, cols = draw(st.integers(1, most)), draw(st.integers(1, most))
    crossbar = CrossbarParams(
        rows=rows, cols=cols, r_driver=draw(resistance), r_wire_row=draw(resistance),
        r_wire_col=draw(resistance), r_sense=draw(resistance),
    )  # fmt: skip
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    g = np.exp(generator.uniform(np.log(1e-6), np.log(1e-3), (rows, cols)))
    if draw(st.booleans()):
        g[generator.random((rows, cols)) < 0.3] = 0.0
    return g, crossbar, generator


@given(problem=problems())
def test_cell_voltages_are_those_of_the_nodal_solve(problem):
    g, crossbar, generator = problem
    v = generator.uniform(-1, 1, (3, crossbar.rows))
    exact = solve_nodal(g, v, crossbar)
    found = factorise(torch.from_numpy(g), crossbar.resistances).cell_voltages(torch.from_numpy(v))
    np.testing.assert_allclose(found.numpy(), exact.v_word - exact.v_bit, rtol=0, atol=1e-10)


@given(problem=problems())
def test_an_injected_current_is_a_cell_of_more_conductance(problem):
    g, crossbar, generator = problem
    v = torch.from_numpy(generator.uniform(0.1, 1, (2, crossbar.rows)))
    more = torch.from_numpy(g + generator.uniform(0, 1e-4, g.shape))
    exact = factorise(more, crossbar.resistances).cell_voltages(v)
    factor = factorise(torch.from_numpy(g), crossbar.resistances)
    found = factor.cell_voltages(v, injected=(more - torch.from_numpy(g)) * exact)
    np.testing.assert_allclose(found.numpy(), exact.numpy(), rtol=0, atol=1e-10)


@given(problem=problems())
@settings(max_examples=15)
def test_the_adjoint_equals_differentiation_through_the_elimination(problem):
    g, crossbar, generator = problem
    weight = torch.from_numpy(generator.normal(size=g.shape))
    through = torch.from_numpy(g.copy()).requires_grad_()
    (eliminate_batched(through, crossbar) * weight).sum().backward()
    adjoint = torch.from_numpy(g.copy()).requires_grad_()
    (effective_conductance(adjoint, crossbar) * weight).sum().backward()
    np.testing.assert_allclose(adjoint.grad.numpy(), through.grad.numpy(), rtol=0, atol=1e-9)


def test_currents_are_differentiable_in_everything(crossbar, draw):
    v = torch.from_numpy(draw.uniform(-1, 1, (3, crossbar.rows))).requires_grad_()
    g = torch.from_numpy(draw.uniform(0.5, 2, crossbar.shape)).requires_grad_()
    r = torch.tensor(crossbar.resistances, dtype=torch.float64) / 100
    r.requires_grad_()

    def scaled(v, g, r):
        return 1e4 * column_currents(v, g * 1e-4, crossbar, resistances=100 * r)

    assert torch.autograd.gradcheck(scaled, (v, g, r))


def test_a_resistance_that_is_zero_has_a_slope_too(crossbar, draw):
    g = torch.from_numpy(draw.uniform(1e-5, 1e-3, crossbar.shape))
    v = torch.from_numpy(draw.uniform(0, 1, (2, crossbar.rows)))
    r = torch.zeros(4, dtype=torch.float64, requires_grad=True)
    column_currents(v, g, crossbar, resistances=r).sum().backward()
    for k in range(4):
        step = torch.zeros(4, dtype=torch.float64)
        step[k] = 1e-3
        low, high = (column_currents(v, g, crossbar, resistances=x).sum() for x in (0 * step, step))
        assert float(r.grad[k]) == pytest.approx(float(high - low) / 1e-3, rel=1e-4)


def test_noise_is_that_of_many_draws(crossbar, draw):
    g = draw.uniform(1e-5, 1e-3, crossbar.shape)
    sigma = 0.01 * g * draw.uniform(0.2, 2, g.shape)
    v = draw.uniform(-1, 1, (2, crossbar.rows))
    draws = 100_000
    noisy = g + sigma * draw.standard_normal((draws, *g.shape))
    brute = (v @ effective_conductance(noisy, crossbar)).std(axis=0)
    found = read_noise_deviation(g, sigma, v, crossbar)
    np.testing.assert_allclose(found, brute, rtol=0.01)


def test_what_does_not_fit_is_refused(crossbar, draw):
    g = draw.uniform(1e-5, 1e-3, crossbar.shape)
    with pytest.raises(ParameterError, match=r"v_row \(2, 3\); the array is 5x3"):
        column_currents(torch.zeros(2, 3), torch.from_numpy(g), crossbar)
    with pytest.raises(ParameterError, match="four finite values"):
        column_currents(
            torch.zeros(2, 5), torch.from_numpy(g), crossbar, resistances=-torch.ones(4)
        )
    with pytest.raises(ParameterError, match="sigma has shape"):
        read_noise_deviation(g, -g, np.ones(5), crossbar)
