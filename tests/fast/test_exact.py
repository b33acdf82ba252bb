"""The exact model has the properties that every linear resistive array has, in every implementation."""

import functools
from dataclasses import replace

import numpy as np
import pytest
import torch
from array_problems import (
    NAMES,
    Problem,
    by_kernel,
    by_nodes,
    by_oracle,
    by_torch,
    close,
    every,
    fast,
    problems,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from xbarsim.errors import ParameterError
from xbarsim.fast import effective_conductance
from xbarsim.fast.batched import SINGLE_LOAD, eliminate_batched, single_precision_load
from xbarsim.fast.lines import Wiring
from xbarsim.parameters import CrossbarParams, TopologyParams
from xbarsim.reference import nodal_effective_conductance


@fast
@given(problem=problems())
def test_it_agrees_with_the_nodal_solve(solve, problem):
    """The oracle's voltages end at 1e-15 V, and with them the currents of its largest cell."""
    close(solve(problem), problem.exact(), 1e-11, atol=1e-14 * problem.g.max())


@fast
@given(problem=problems())
def test_single_precision_keeps_its_digits(solve, problem):
    exact = problem.exact()
    close(solve(problem, np.float32), exact, 2e-5, atol=1e-14 * problem.g.max())


@every
@given(problem=problems(floating=False))
def test_without_wires_it_is_the_conductance_itself(solve, problem):
    bare = problem.crossbar.replace(**dict.fromkeys(NAMES, 0.0))
    none = replace(problem, crossbar=bare, r_wire_row=None, r_wire_col=None)
    close(solve(none), problem.g, 1e-13)


@every
@given(problem=problems(), factor=st.floats(0.1, 10.0))
def test_scaling_every_resistance_scales_every_current(solve, problem, factor):
    close(solve(problem.scaled(factor)) * factor, solve(problem), atol=1e-14 * problem.g.max())


@every
@given(problem=problems(), name=st.sampled_from(NAMES))
def test_more_resistance_never_draws_more_current(solve, problem, name):
    """Rayleigh's monotonicity, for the current drawn by all drivers together."""
    more = problem.crossbar.replace(**{name: getattr(problem.crossbar, name) * 1.5 + 1.0})
    before, after = solve(problem).sum(), solve(replace(problem, crossbar=more)).sum()
    assert after <= before * (1 + 1e-11) + 1e-14 * problem.g.max()


@every
@given(problem=problems())
def test_less_conductance_never_draws_more_current(solve, problem):
    generator = np.random.default_rng(problem.seed)
    less = replace(problem, g=problem.g * generator.random(problem.g.shape))
    before, after = solve(problem).sum(), solve(less).sum()
    assert after <= before * (1 + 1e-11) + 1e-14 * problem.g.max()


@every
@given(problem=problems(floating=False))
def test_swapping_the_ends_and_transposing_changes_nothing(solve, problem):
    """Reciprocity: driving the sense end and sensing at the drivers gives the same transfer."""
    turned = solve(problem.turned())[::-1, ::-1].T
    close(solve(problem), turned, atol=1e-14 * problem.g.max())


@every
@given(
    r=st.tuples(*[st.floats(1.0, 1e3)] * 4), leads=st.tuples(*[st.integers(0, 2)] * 2),
    place=st.tuples(st.integers(0, 4), st.integers(0, 2)),
)  # fmt: skip
@settings(max_examples=15)
def test_a_single_conducting_cell_is_a_series_of_resistors(solve, r, leads, place):
    i, j = place
    crossbar = CrossbarParams(rows=5, cols=3, **dict(zip(NAMES, r, strict=True)))
    topology = TopologyParams(lead_row=leads[0], lead_col=leads[1])
    g = np.zeros((5, 3))
    g[i, j] = 1e-4
    problem = Problem(g, crossbar, topology, None, None, np.ones(5, np.bool_), 0)
    series = r[0] + (leads[0] + j) * r[1] + 1e4 + (leads[1] + 4 - i) * r[2] + r[3]
    exact = np.zeros((5, 3))
    exact[i, j] = 1 / series
    close(solve(problem), exact)


@every
@given(problem=problems())
def test_rows_of_open_cells_change_nothing_for_the_others(solve, problem):
    """An input into a row without a conducting cell reaches no column."""
    g = problem.g.copy()
    g[0] = 0
    found = solve(replace(problem, g=g))
    assert not found[0].any()
    assert np.isfinite(found).all()


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_the_batch_is_only_a_batch(kind, dtype, crossbar, draw):
    """Neither its split nor its order matters, to the last bit."""
    g = draw.uniform(1e-6, 1e-3, (2, 7, *crossbar.shape)).astype(dtype)
    given = g if kind == "numpy" else torch.from_numpy(g)
    topology = TopologyParams(drive="both", sense="both", lead_col=1)
    whole = np.asarray(effective_conductance(given, crossbar, topology=topology))
    for k in np.ndindex(2, 7):
        alone = effective_conductance(given[k], crossbar, topology=topology)
        np.testing.assert_array_equal(whole[k], np.asarray(alone))
    order = draw.permutation(7)
    mixed = effective_conductance(given[:, order], crossbar, topology=topology)
    np.testing.assert_array_equal(np.asarray(mixed), whole[:, order])


EXTREMES = [(1, 1), (1, 9), (9, 1), (2048, 1), (1, 2048), (40, 3), (3, 40), (33, 17)]


@functools.cache
def extreme(shape):
    crossbar = CrossbarParams(rows=shape[0], cols=shape[1])
    g = np.random.default_rng(sum(shape)).uniform(5e-6, 5e-5, shape)
    problem = Problem(g, crossbar, TopologyParams(), None, None, np.ones(shape[0], np.bool_), 0)
    return problem, nodal_effective_conductance(g, crossbar)


@pytest.mark.parametrize("solve", [by_kernel, by_torch])
@pytest.mark.parametrize("shape", EXTREMES)
def test_extreme_shapes(solve, shape):
    problem, exact = extreme(shape)
    close(solve(problem), exact)
    close(solve(problem, np.float32), exact, 2e-5)


@fast
def test_a_ratio_of_a_million_between_cells(solve, draw):
    crossbar = CrossbarParams(rows=17, cols=13)
    g = np.where(draw.random((17, 13)) < 0.5, 1e-9, 1e-3)
    problem = Problem(g, crossbar, TopologyParams(), None, None, np.ones(17, np.bool_), 0)
    exact = nodal_effective_conductance(g, crossbar)
    close(solve(problem), exact)
    if solve is not by_nodes:
        close(solve(problem, np.float32), exact, 2e-5)


HEAVY = [
    ("uniform", {"r_sense": 1e6, "r_driver": 1e6}),
    ("ratio", {"r_sense": 1e6, "r_driver": 1e6}),
    ("large", {"r_sense": 1e6}),
    ("large", {"r_sense": 1e6, "r_driver": 1e6, "r_wire_col": 1e3}),
]


@pytest.mark.parametrize(("kind", "resistances"), HEAVY)
@pytest.mark.parametrize("solve", [by_kernel, by_torch])
def test_single_precision_survives_heavy_loads(solve, kind, resistances, draw):
    """What reaches ground is 1e-6 of what couples the lines: batched torch alone lost all digits."""
    shape = (128, 128)
    g = {
        "uniform": lambda: draw.uniform(5e-6, 5e-5, shape),
        "ratio": lambda: np.where(draw.random(shape) < 0.5, 1e-9, 1e-3),
        "large": lambda: np.full(shape, 1e-2),
    }[kind]()
    problem = Problem(
        g, CrossbarParams(rows=128, cols=128, **resistances), TopologyParams(), None, None,
        np.ones(128, np.bool_), 0,
    )  # fmt: skip
    exact = by_kernel(problem)
    close(solve(problem, np.float32), exact, 1e-4)


def test_heavy_arrays_of_a_batch_change_nothing_for_the_others(draw):
    crossbar = CrossbarParams(rows=9, cols=6, r_sense=1e6, r_driver=1e6)
    light, heavy = draw.uniform(1e-8, 1e-7, (2, 9, 6)), draw.uniform(1e-3, 1e-2, (1, 9, 6))
    lines = Wiring.of(crossbar, TopologyParams(sense="both")).lines()
    mixed = torch.from_numpy(np.concatenate([light[:1], heavy, light[1:]]).astype(np.float32))
    loads = single_precision_load(mixed, lines, floated=False)
    assert [bool(load > SINGLE_LOAD) for load in loads] == [False, True, False]
    floating = torch.from_numpy(np.arange(9) == 4)
    for rows in (None, floating.expand(3, 9)):
        alone = [
            eliminate_batched(tile[None], lines, None if rows is None else rows[:1])
            for tile in mixed
        ]
        found = eliminate_batched(mixed.reshape(1, 3, 9, 6), lines, rows)
        assert found.dtype == torch.float32
        torch.testing.assert_close(found[0], torch.cat(alone), rtol=1e-6, atol=0)


def test_single_precision_keeps_its_gradient_under_heavy_loads(draw):
    lines = Wiring.of(CrossbarParams(rows=12, cols=7, r_sense=1e6, r_driver=1e6)).lines()
    g = torch.from_numpy(draw.uniform(1e-3, 1e-2, (2, 12, 7)))
    slopes = []
    for dtype in (torch.float64, torch.float32):
        given = g.clone().to(dtype).requires_grad_()
        eliminate_batched(given, lines).sum().backward()
        slopes.append(given.grad.double())
    torch.testing.assert_close(
        slopes[1], slopes[0], rtol=1e-4, atol=1e-6 * float(slopes[0].abs().max())
    )


def test_the_oracles_agree_where_both_apply(crossbar, draw):
    g = draw.uniform(1e-6, 1e-3, crossbar.shape)
    problem = Problem(g, crossbar, TopologyParams(), None, None, np.ones(5, np.bool_), 0)
    close(by_oracle(problem), nodal_effective_conductance(g, crossbar), 1e-12)


@pytest.mark.parametrize(
    ("bad", "match"),
    [(-1e-6, "not negative"), (np.nan, "finite"), (np.inf, "finite")],
)
def test_unphysical_conductance_is_refused_by_place_and_value(crossbar, bad, match):
    g = np.full(crossbar.shape, 1e-5)
    g[4, 2] = bad
    with pytest.raises(ParameterError, match=rf"conductance\[4, 2\].*{match}"):
        effective_conductance(g, crossbar)
    with pytest.raises(ParameterError, match=match):
        effective_conductance(torch.from_numpy(g), crossbar)
    with pytest.raises(ParameterError, match="negative or not finite"):
        effective_conductance(torch.from_numpy(g).requires_grad_(), crossbar)


def test_a_wrong_shape_or_type_is_refused(crossbar):
    with pytest.raises(ParameterError, match=r"\(3, 5\) but the array is 5x3"):
        effective_conductance(np.zeros((3, 5)), crossbar)
    with pytest.raises(ParameterError, match="int64"):
        effective_conductance(np.zeros((5, 3), dtype=np.int64), crossbar)
    with pytest.raises(ParameterError, match=r"r_wire_row has shape \(5, 3\)"):
        effective_conductance(np.zeros((5, 3)), crossbar, r_wire_row=np.ones((5, 3)))
    bad = np.ones((4, 3))
    bad[1, 2] = -1
    with pytest.raises(ParameterError, match=r"r_wire_col\[1, 2\]"):
        effective_conductance(np.zeros((5, 3)), crossbar, r_wire_col=bad)
    with pytest.raises(ParameterError, match="conductance is a ndarray"):
        effective_conductance(np.zeros((5, 3)), crossbar, resistances=torch.ones(4))


def test_the_load_of_a_small_array_by_hand():
    """Two rows, three columns: wires of a word line 2 x 5 ohm, of a bit line 1 x 7 ohm."""
    crossbar = CrossbarParams(rows=2, cols=3, r_driver=10, r_wire_row=5, r_wire_col=7, r_sense=3)
    g = torch.tensor([[0.1, 0.2, 0.3], [0.2, 0.1, 0.1]], dtype=torch.float64)
    drivers = (0.6 / (1 + 20 * 0.6) + 0.4 / (1 + 20 * 0.4)) / 3
    lines = Wiring.of(crossbar).lines()
    grounded = single_precision_load(g, lines, floated=False)
    floated = single_precision_load(g, lines, floated=True)
    assert float(grounded) == pytest.approx(0.4 / (1 / (3 + 7) + drivers), rel=1e-12)
    assert float(floated) == pytest.approx(0.4 * (3 + 7), rel=1e-12)
