"""The exact model has the properties that every linear resistive array has, in every implementation."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from xbarsim.errors import ParameterError
from xbarsim.fast import effective_conductance
from xbarsim.fast.batched import eliminate_batched
from xbarsim.parameters import CrossbarParams
from xbarsim.reference import nodal_effective_conductance


def by_kernel(g, crossbar):
    return effective_conductance(g, crossbar)


def by_torch(g, crossbar):
    return eliminate_batched(torch.from_numpy(g.copy()), crossbar).numpy()


IMPLEMENTATIONS = [by_kernel, by_torch]
every = pytest.mark.parametrize("solve", IMPLEMENTATIONS)

resistance = st.one_of(st.just(0.0), st.floats(1.0, 5e3))


@st.composite
def problems(draw, most=8):
    rows, cols = draw(st.integers(1, most)), draw(st.integers(1, most))
    crossbar = CrossbarParams(
        rows=rows, cols=cols, r_driver=draw(resistance), r_wire_row=draw(resistance),
        r_wire_col=draw(resistance), r_sense=draw(resistance),
    )  # fmt: skip
    seed = draw(st.integers(0, 2**32 - 1))
    generator = np.random.default_rng(seed)
    g = np.exp(generator.uniform(np.log(1e-7), np.log(1e-2), (rows, cols)))
    if draw(st.booleans()):
        g[generator.random((rows, cols)) < 0.3] = 0.0
    return g, crossbar


def close(a, b, rtol=1e-11):
    np.testing.assert_allclose(a, b, rtol=0, atol=rtol * max(np.abs(b).max(), 1e-30))


@every
@given(problem=problems())
def test_it_agrees_with_the_nodal_solve(solve, problem):
    g, crossbar = problem
    close(solve(g, crossbar), nodal_effective_conductance(g, crossbar))


@every
@given(problem=problems())
def test_single_precision_keeps_its_digits(solve, problem):
    g, crossbar = problem
    close(solve(g.astype(np.float32), crossbar), nodal_effective_conductance(g, crossbar), 2e-5)


@every
@given(problem=problems())
def test_without_wires_it_is_the_conductance_itself(solve, problem):
    g, crossbar = problem
    bare = CrossbarParams(
        rows=crossbar.rows, cols=crossbar.cols, r_driver=0, r_wire_row=0, r_wire_col=0, r_sense=0
    )
    close(solve(g, bare), g, 1e-14)


@every
@given(problem=problems(), factor=st.floats(0.1, 10.0))
def test_scaling_every_resistance_scales_every_current(solve, problem, factor):
    g, c = problem
    names = ("r_driver", "r_wire_row", "r_wire_col", "r_sense")
    scaled = c.replace(**{n: factor * getattr(c, n) for n in names})
    close(solve(g / factor, scaled), solve(g, c) / factor)


@every
@given(
    problem=problems(), name=st.sampled_from(["r_driver", "r_wire_row", "r_wire_col", "r_sense"])
)
def test_more_resistance_never_draws_more_current(solve, problem, name):
    """Rayleigh's monotonicity, for the current drawn by all drivers together."""
    g, c = problem
    more = c.replace(**{name: getattr(c, name) * 1.5 + 1.0})
    assert solve(g, more).sum() <= solve(g, c).sum() * (1 + 1e-12)


@every
@given(problem=problems())
def test_swapping_the_ends_and_transposing_changes_nothing(solve, problem):
    """Reciprocity: driving the sense end and sensing at the drivers gives the same transfer."""
    g, c = problem
    swapped = CrossbarParams(
        rows=c.cols, cols=c.rows, r_driver=c.r_sense, r_wire_row=c.r_wire_col,
        r_wire_col=c.r_wire_row, r_sense=c.r_driver,
    )  # fmt: skip
    turned = g[::-1, ::-1].T.copy()
    close(solve(g, c), solve(turned, swapped)[::-1, ::-1].T)


@every
def test_the_batch_is_only_a_batch(solve, crossbar, draw):
    g = draw.uniform(1e-6, 1e-3, (2, 7, *crossbar.shape))
    whole = solve(g, crossbar)
    for k in np.ndindex(2, 7):
        np.testing.assert_array_equal(
            whole[k], solve(g[k], crossbar)
        ) if solve is by_kernel else close(whole[k], solve(g[k], crossbar), 1e-13)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2048, 1), (1, 2048), (40, 3), (3, 40)])
def test_extreme_shapes(shape, draw):
    crossbar = CrossbarParams(rows=shape[0], cols=shape[1])
    g = draw.uniform(5e-6, 5e-5, shape)
    close(effective_conductance(g, crossbar), nodal_effective_conductance(g, crossbar))


def test_a_ratio_of_a_million_between_cells(draw):
    crossbar = CrossbarParams(rows=17, cols=13)
    g = np.where(draw.random((17, 13)) < 0.5, 1e-9, 1e-3)
    close(effective_conductance(g, crossbar), nodal_effective_conductance(g, crossbar))


def test_torch_in_torch_out_with_gradient(crossbar, draw):
    base = torch.from_numpy(draw.uniform(0.5, 2.0, (2, *crossbar.shape)))
    plain = effective_conductance(base * 1e-4, crossbar)
    assert isinstance(plain, torch.Tensor)
    assert plain.dtype == torch.float64

    def scaled(x):
        return effective_conductance(x * 1e-4, crossbar) * 1e4

    assert torch.autograd.gradcheck(scaled, (base.requires_grad_(),))
    single = effective_conductance((base.detach() * 1e-4).float(), crossbar)
    assert single.dtype == torch.float32


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


def test_a_wrong_shape_or_type_is_refused(crossbar):
    with pytest.raises(ParameterError, match=r"\(3, 5\) but the array is 5x3"):
        effective_conductance(np.zeros((3, 5)), crossbar)
    with pytest.raises(ParameterError, match="int64"):
        effective_conductance(np.zeros((5, 3), dtype=np.int64), crossbar)
