"""Gradients and noise by the adjoint network, against finite differences, nodal solves and draws."""

import numpy as np
import pytest
import torch
from array_problems import NAMES, problems
from hypothesis import assume, given, settings

from xbarsim.errors import ParameterError
from xbarsim.fast import column_currents, effective_conductance, read_noise_deviation
from xbarsim.fast.batched import eliminate_batched
from xbarsim.fast.chunks import chunks
from xbarsim.fast.nodes import factorise
from xbarsim.parameters import CrossbarParams, TopologyParams
from xbarsim.spice import spice_currents

TOPOLOGY = TopologyParams(drive="both", sense="both", lead_row=1, lead_col=2)


def generator(problem):
    return np.random.default_rng(problem.seed)


@given(problem=problems())
def test_an_injected_current_is_a_cell_of_more_conductance(problem):
    # A current into a floating row whose cells are all open has no way out, and no voltage.
    assume(problem.g[~problem.active].any(axis=1).all())
    draw = generator(problem)
    v = torch.from_numpy(draw.uniform(0.1, 1, (2, problem.crossbar.rows)))
    g = torch.from_numpy(problem.g)
    more = g + torch.from_numpy(draw.uniform(0, 1e-4, g.shape))
    floating = torch.from_numpy(~problem.active)
    exact = factorise(more, problem.wiring.lines(), floating).cell_voltages(v)
    factor = factorise(g, problem.wiring.lines(), floating)
    found = factor.cell_voltages(v, injected=(more - g) * exact)
    np.testing.assert_allclose(found.numpy(), exact.numpy(), rtol=0, atol=1e-9)


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (3, 1)])
@pytest.mark.parametrize("sense", ["one", "both"])
def test_gradients_reach_arrays_of_a_single_row_or_column(shape, sense):
    crossbar = CrossbarParams(rows=shape[0], cols=shape[1])
    g = torch.full(shape, 1e-5, dtype=torch.float64, requires_grad=True)
    found = effective_conductance(g, crossbar, topology=TopologyParams(sense=sense))
    found.sum().backward()
    plain = effective_conductance(
        g.detach().numpy(), crossbar, topology=TopologyParams(sense=sense)
    )
    np.testing.assert_allclose(found.detach().numpy(), plain, rtol=1e-12)
    assert (g.grad > 0).all()


@given(problem=problems(most=6))
@settings(max_examples=25)
def test_the_adjoint_equals_differentiation_through_the_elimination(problem):
    """In every cell, and in the four resistances where none is at the kink of zero."""
    weight = torch.from_numpy(generator(problem).normal(size=problem.g.shape))
    floating = None if problem.active.all() else torch.from_numpy(~problem.active)
    slopes = []
    for adjoint in (True, False):
        g = torch.from_numpy(problem.g.copy()).requires_grad_()
        r = torch.tensor(problem.crossbar.resistances, dtype=torch.float64, requires_grad=True)
        if adjoint:
            options = {**problem.options, "silent_rows": "floating", "resistances": r}
            found = effective_conductance(g, problem.crossbar, **options)
        else:
            found = eliminate_batched(g, problem.wiring.lines(tuple(r)), floating)
        (found * weight).sum().backward()
        slopes.append((g.grad.numpy(), r.grad.numpy() * 1e3))
    np.testing.assert_allclose(slopes[0][0], slopes[1][0], rtol=0, atol=1e-9)
    if all(problem.crossbar.resistances):
        scale = np.abs(slopes[1][1]).max()
        np.testing.assert_allclose(slopes[0][1], slopes[1][1], rtol=0, atol=1e-8 * scale + 1e-12)


@pytest.mark.parametrize("topology", [TopologyParams(), TOPOLOGY])
@pytest.mark.parametrize("kind", ["grounded", "floating"])
def test_the_matrix_is_differentiable_in_cells_and_resistances(crossbar, draw, kind, topology):
    g = torch.from_numpy(draw.uniform(0.5, 2, (2, *crossbar.shape))).requires_grad_()
    r = (torch.tensor(crossbar.resistances, dtype=torch.float64) / 100).requires_grad_()
    active = np.array([True, True, False, True, False])
    options = {"topology": topology, "silent_rows": kind, "active": active}

    def scaled(g, r):
        return 1e4 * effective_conductance(g * 1e-4, crossbar, resistances=100 * r, **options)

    assert torch.autograd.gradcheck(scaled, (g, r))


def test_segments_take_the_place_of_the_one_resistance(crossbar, draw):
    """With every segment given, only leads still have the crossbar's wire resistances."""
    g = torch.from_numpy(draw.uniform(1e-5, 1e-3, crossbar.shape))
    r = torch.tensor(crossbar.resistances, dtype=torch.float64).requires_grad_()
    segments = {"r_wire_row": draw.uniform(0, 50, (5, 2)), "r_wire_col": np.full((4, 3), 9.0)}
    for leads, zeros in ((0, True), (2, False)):
        topology = TopologyParams(sense="both", lead_row=leads, lead_col=leads)
        options = {"topology": topology, "resistances": r, **segments}
        found = effective_conductance(g, crossbar, **options)
        (slopes,) = torch.autograd.grad(found.sum(), r)
        assert ((slopes[1:3] == 0) == zeros).all()
        assert (slopes[[0, 3]] < 0).all()


@pytest.mark.spice
def test_the_gradient_is_that_of_ngspice(crossbar, draw):
    """Central differences of 1 % in each resistance, and in one cell."""
    g, v = draw.uniform(1e-5, 1e-3, crossbar.shape), draw.uniform(0, 1, (1, 5))
    r = torch.tensor(crossbar.resistances, dtype=torch.float64).requires_grad_()
    cells = torch.from_numpy(g).requires_grad_()
    options = {"topology": TOPOLOGY, "resistances": r}
    found = torch.from_numpy(v) @ effective_conductance(cells, crossbar, **options)
    by_r, by_cell = torch.autograd.grad(found.sum(), (r, cells))

    def run(g, crossbar):
        return spice_currents(g, v, crossbar, topology=TOPOLOGY).i_col.sum()

    for k, name in enumerate(NAMES):
        value = getattr(crossbar, name)
        low, high = (run(g, crossbar.replace(**{name: value * s})) for s in (0.99, 1.01))
        assert float(by_r[k]) == pytest.approx((high - low) / (0.02 * value), rel=2e-4)
    step = np.zeros_like(g)
    step[3, 1] = 0.01 * g[3, 1]
    slope = (run(g + step, crossbar) - run(g - step, crossbar)) / (2 * step[3, 1])
    assert float(by_cell[3, 1]) == pytest.approx(slope, rel=2e-4)


@pytest.mark.parametrize("topology", [TopologyParams(), TOPOLOGY])
def test_currents_are_differentiable_in_everything(crossbar, draw, topology):
    v = torch.from_numpy(draw.uniform(-1, 1, (3, crossbar.rows))).requires_grad_()
    g = torch.from_numpy(draw.uniform(0.5, 2, crossbar.shape)).requires_grad_()
    r = torch.tensor(crossbar.resistances, dtype=torch.float64) / 100
    r.requires_grad_()

    def scaled(v, g, r):
        return 1e4 * column_currents(v, g * 1e-4, crossbar, resistances=100 * r, topology=topology)

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


def test_parts_of_many_tiles_hold_a_quarter_gibibyte():
    """Eight numbers a row, column and longer side are alive, of eight bytes each."""
    tiles = torch.zeros(1, 1, 1).expand(5000, 24, 40)
    parts = list(chunks(tiles))
    assert [k for part in parts for k in range(5000)[part]] == list(range(5000))
    most = 2**28 // (8 * 8 * 24 * 40 * 40)
    assert {len(range(5000)[part]) for part in parts[:-1]} == {most}
