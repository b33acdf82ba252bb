"""Large arrays: conjugate gradients against the direct solve, and bounded memory."""

import tracemalloc

import numpy as np
import pytest
from array_problems import close, problems
from hypothesis import given

from xbarsim.errors import ParameterError, SolveError
from xbarsim.fast import effective_conductance, iterative, solve_array
from xbarsim.fast import inside as inside_module
from xbarsim.fast.sweeps import bit_decays, solve_bits, solve_words, word_decays
from xbarsim.parameters import load_crossbar


@given(problem=problems())
def test_it_is_the_direct_solution(problem):
    v = np.random.default_rng(problem.seed).uniform(-1, 1, (2, problem.crossbar.rows))
    options = {"silent_rows": "floating", **problem.options}
    direct = solve_array(problem.g, v, problem.crossbar, method="direct", **options)
    found = solve_array(
        problem.g, v, problem.crossbar, method="iterative", tolerance=1e-12, **options
    )
    assert (direct.method, found.method) == ("direct", "iterative")
    np.testing.assert_allclose(found.v_bit, direct.v_bit, rtol=0, atol=1e-7)
    np.testing.assert_allclose(found.i_col, direct.i_col, rtol=0, atol=1e-7 * problem.g.max())


def test_bit_lines_are_word_lines_turned(draw):
    """Each line with ends of its own; more columns than a strip holds."""
    rows, cols = 5, 70
    g, other = draw.uniform(1e-6, 1e-4, (2, cols, rows))
    r = draw.uniform(0, 500, (cols, rows - 1))
    far, near, v_near = draw.uniform(0, 1e-3, cols), draw.uniform(0, 1e3, cols), draw.random(cols)
    near[3] = np.inf
    decay, words = np.empty_like(g), np.empty_like(g)
    word_decays(g, r, far, near, decay)
    solve_words(g, other, r, far, near, decay, v_near, words)
    g, r, source = (np.ascontiguousarray(x.T[::-1]) for x in (g, r, g * other))
    turned, bits = np.empty_like(g), np.empty_like(g)
    bit_decays(g, r, far, near, turned)
    solve_bits(source, r, far, near, turned, v_near, bits)
    np.testing.assert_allclose(turned, decay.T[::-1], rtol=1e-13)
    np.testing.assert_allclose(bits, words.T[::-1], rtol=1e-12)


@pytest.mark.parametrize("shape", [(70, 50), (50, 70)])
@pytest.mark.parametrize("kind", ["grounded", "floating"])
def test_the_matrix_by_single_inputs_or_outputs(shape, kind, device, draw):
    crossbar = load_crossbar("bhattacharjee2022", rows=shape[0], cols=shape[1])
    g = draw.uniform(device.g_min, device.g_max, shape)
    active = draw.random(shape[0]) < 0.5
    options = {"silent_rows": kind, "active": active}
    done = []
    found = effective_conductance(
        g[None], crossbar, method="iterative", on_tile=done.append, **options
    )
    close(found[0], effective_conductance(g, crossbar, **options), 1e-6)
    assert done == [1]


def test_size_decides_and_memory_stays_small(device, draw, monkeypatch):
    monkeypatch.setattr(inside_module, "DIRECT_NUMBERS", 100_000)
    crossbar = load_crossbar("bhattacharjee2022", rows=100, cols=100)
    g = draw.uniform(device.g_min, device.g_max, (100, 100))
    small = solve_array(g[:30, :30], np.ones((1, 30)), crossbar.replace(rows=30, cols=30))
    assert small.method == "direct"
    solve_array(g, np.ones((1, 100)), crossbar)
    tracemalloc.start()
    found = solve_array(g, np.ones((1, 100)), crossbar)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.method == "iterative"
    assert found.residual <= 1e-8
    assert peak < 30 * g.nbytes
    close(found.i_col, np.ones((1, 100)) @ effective_conductance(g, crossbar), 1e-6)


def test_what_cannot_be_reached_is_an_error(device, draw, monkeypatch):
    monkeypatch.setattr(iterative, "MOST_STEPS", 1)
    crossbar = load_crossbar("bhattacharjee2022", rows=9, cols=7)
    g = draw.uniform(device.g_min, device.g_max, (9, 7))
    with pytest.raises(SolveError, match="use a larger tolerance"):
        solve_array(g, np.ones((1, 9)), crossbar, method="iterative")
    with pytest.raises(ParameterError, match="'magic'; use one of auto, direct, iterative"):
        solve_array(g, np.ones((1, 9)), crossbar, method="magic")
    with pytest.raises(ParameterError, match="'magic'; use one of auto, direct, iterative"):
        effective_conductance(g, crossbar, method="magic")
