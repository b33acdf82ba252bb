"""Nonlinear cells: their secant conductances, put into the nodal solve, give the same array."""

import numpy as np
import pytest

from xbarsim.errors import ParameterError, SolveError
from xbarsim.fast import (
    PolynomialLaw,
    SinhLaw,
    effective_conductance,
    nonlinear_currents,
)
from xbarsim.parameters import load_crossbar
from xbarsim.reference import solve_nodal

LAWS = [SinhLaw(0.25), PolynomialLaw((0.0, 2.0)), PolynomialLaw((0.3, 1.0, 0.0, 4.0))]
RATIOS = {
    SinhLaw: lambda law, v: law.v_0 * np.sinh(v / law.v_0) / v,
    PolynomialLaw: lambda law, v: 1 + sum(c * v ** (k + 1) for k, c in enumerate(law.coefficients)),
}


@pytest.mark.parametrize("law", LAWS)
def test_the_secant_array_is_the_same_array(law, crossbar, draw):
    g = draw.uniform(1e-5, 1e-3, crossbar.shape)
    v = draw.uniform(0.1, 0.5, (4, crossbar.rows))
    found = nonlinear_currents(g, v, crossbar, law)
    for k in range(4):
        secant = g * RATIOS[type(law)](law, found.v_cell[k])
        np.testing.assert_allclose(
            found.i_col[k], solve_nodal(secant, v[k], crossbar).i_col[0], 1e-8
        )


def test_weak_inputs_see_the_conductance_at_zero(crossbar, draw):
    g = draw.uniform(1e-5, 1e-3, crossbar.shape)
    v = 1e-6 * draw.uniform(-1, 1, (2, crossbar.rows))
    found = nonlinear_currents(g, v, crossbar, SinhLaw(0.25))
    np.testing.assert_allclose(found.i_col, v @ effective_conductance(g, crossbar), rtol=1e-8)


def test_three_steps_reach_one_in_ten_thousand(device, draw):
    """Twice the cells' voltage scale, on the paper's array."""
    crossbar = load_crossbar("bhattacharjee2022", rows=32, cols=32)
    g = draw.uniform(device.g_min, device.g_max, crossbar.shape)
    found = nonlinear_currents(g, draw.uniform(0, 0.5, (4, 32)), crossbar, SinhLaw(0.25))
    assert found.residuals[2] <= 1e-4
    assert found.residuals[-1] <= 1e-10


def test_the_sign_of_the_input_is_the_sign_of_the_output(crossbar, draw):
    g = draw.uniform(1e-5, 1e-3, crossbar.shape)
    v = draw.uniform(-0.5, 0.5, (2, crossbar.rows))
    plus, minus = (nonlinear_currents(g, s * v, crossbar, SinhLaw(0.25)) for s in (1, -1))
    np.testing.assert_allclose(plus.i_col, -minus.i_col, rtol=1e-9)


def test_no_input_is_no_current(crossbar):
    g = np.full(crossbar.shape, 1e-4)
    assert not nonlinear_currents(g, np.zeros(crossbar.rows), crossbar, SinhLaw(0.25)).i_col.any()


def test_failure_is_an_error(crossbar):
    g = np.full(crossbar.shape, 1e-4)
    v = np.ones(crossbar.rows)
    with pytest.raises(SolveError, match=r"after 1 steps.*larger tolerance"):
        nonlinear_currents(g, v, crossbar, SinhLaw(0.25), most_steps=1)
    with pytest.raises(SolveError, match=r"slope is -.*law that rises"):
        nonlinear_currents(g, v, crossbar, PolynomialLaw((0.0, -5.0)))
    with pytest.raises(SolveError, match="slope is inf"):
        nonlinear_currents(g, 1e4 * v, crossbar, SinhLaw(0.25))
    with pytest.raises(ParameterError, match=r"v_0 is 0.0 V"):
        SinhLaw(0.0)
