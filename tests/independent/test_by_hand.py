"""Circuits that our generator did not make, against ngspice, the sparse oracle and the fast models.

The decks were typed by hand; sympy solves them in rational numbers, and the ladders also have
answers in closed form. The same circuits are then put as parameters to every model.
"""

import numpy as np
import pytest
import torch

from xbarsim.fast import effective_conductance
from xbarsim.fast.batched import eliminate_batched
from xbarsim.fast.lines import Wiring
from xbarsim.parameters import CrossbarParams, TopologyParams
from xbarsim.reference import solve_nodal
from xbarsim.spice import spice_currents
from xbarsim.spice.rundeck import run_deck

ARRAYS = {
    "two_by_two": (
        CrossbarParams(rows=2, cols=2, r_driver=110, r_wire_row=17, r_wire_col=29, r_sense=230),
        [[2000, 5000], [9000, 3000]],
        [0.3, 0.1],
        ["p2", "q2"],
    ),
    "three_by_two": (
        CrossbarParams(rows=3, cols=2, r_driver=1000, r_wire_row=5, r_wire_col=10, r_sense=1000),
        [[20e3, 200e3], [50e3, 30e3], [40e3, np.inf]],
        [1.0, 0.0, 2.0],
        ["m3", "n3"],
    ),
    "three_by_three": (
        CrossbarParams(rows=3, cols=3, r_driver=3, r_wire_row=1, r_wire_col=2, r_sense=5),
        [[7, 11, 13], [17, 19, 23], [29, 31, 37]],
        [1.0, -2.0, 5.0],
        ["p", "q", "r"],
    ),
    "ladder": (
        CrossbarParams(rows=1, cols=5, r_driver=1, r_wire_row=1, r_wire_col=0, r_sense=0),
        [[1, 1, 1, 1, 1]],
        [1.0],
        ["t1", "t2", "t3", "t4", "t5"],
    ),
}


def currents(name, voltages):
    """Rational column currents: the sense node's voltage over what leads from it to ground."""
    crossbar, _, _, nodes = ARRAYS[name]
    ohm = crossbar.r_sense or 1.0
    return np.array([float(voltages[node]) / ohm for node in nodes])


def rows_alone(crossbar, g, v):
    """Every sense current by superposition, so that a transposed matrix cannot pass."""
    return sum(v[i] * effective_conductance(g, crossbar)[i] for i in range(crossbar.rows))


def float64_torch(crossbar, g, v):
    return v @ eliminate_batched(torch.tensor(g)[None], Wiring.of(crossbar).lines())[0].numpy()


def float32(crossbar, g, v):
    return v @ effective_conductance(g.astype(np.float32), crossbar).astype(float)


MODELS = {
    "sparse nodal solve": (lambda x, g, v: solve_nodal(g, v[None], x).i_col[0], 1e-13),
    "compiled kernel": (rows_alone, 1e-13),
    "batched torch": (float64_torch, 1e-13),
    "compiled kernel, float32": (float32, 2e-6),
}


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("model", MODELS)
def test_every_model_gives_the_rational_answer(name, model, rational):
    crossbar, ohms, v, _ = ARRAYS[name]
    solve, allowed = MODELS[model]
    found = solve(crossbar, 1 / np.array(ohms, dtype=float), np.array(v))
    expected = currents(name, rational(name))
    assert np.abs(found - expected).max() <= allowed * np.abs(expected).max()


@pytest.mark.spice
@pytest.mark.parametrize("name", [*ARRAYS, "r2r"])
def test_ngspice_on_the_deck_itself_gives_the_rational_answer(name, rational, deck_text):
    vectors, voltages = run_deck(deck_text(name)), rational(name)
    assert vectors
    for vector, values in vectors.items():
        node = vector.removeprefix("v(").removesuffix(")")
        assert values[0] == pytest.approx(float(voltages[node]), rel=1e-12)


@pytest.mark.spice
@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("engine", ["pyspice", "batch"])
def test_our_own_deck_of_the_same_circuit_gives_the_rational_answer(name, engine, rational):
    crossbar, ohms, v, _ = ARRAYS[name]
    found = spice_currents(1 / np.array(ohms, dtype=float), [v], crossbar, engine=engine).i_col[0]
    floor = 1e-12 if min(crossbar.resistances) > 0 else 1e-2  # zero is written as 1 mΩ of 1 Ω
    np.testing.assert_allclose(found, currents(name, rational(name)), rtol=floor)


def test_the_unit_ladder_is_made_of_fibonacci_numbers(rational):
    voltages = rational("ladder")
    fibonacci = [0, 1]
    while len(fibonacci) < 12:
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
    for k in range(1, 6):
        expected = fibonacci[2 * (5 - k) + 1] / fibonacci[11]
        assert float(voltages[f"t{k}"]) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("segments", "series", "shunt"), [(1, 3.0, 8.0), (7, 2.0, 50.0), (300, 1.0, 1e4)]
)
def test_a_long_word_line_follows_the_hyperbolic_cosine(segments, series, shunt):
    """Open ladder: V_k = V cosh((n - k + 1/2) t) / cosh((n + 1/2) t), 4 sinh^2(t/2) = R / R_shunt."""
    crossbar = CrossbarParams(
        rows=1, cols=segments, r_driver=series, r_wire_row=series, r_wire_col=0, r_sense=0
    )
    found = effective_conductance(np.full((1, segments), 1 / shunt), crossbar)[0]
    t = 2 * np.arcsinh(np.sqrt(series / shunt) / 2)
    k = np.arange(1, segments + 1)
    voltage = np.cosh((segments - k + 0.5) * t) / np.cosh((segments + 0.5) * t)
    np.testing.assert_allclose(found, voltage / shunt, rtol=1e-12)


@pytest.mark.parametrize(
    ("segments", "series", "cell"), [(1, 3.0, 8.0), (6, 2.0, 50.0), (300, 1.0, 1e4)]
)
def test_a_long_bit_line_follows_the_hyperbolic_sine(segments, series, cell):
    """All rows at V, end grounded through R: V - v_k is the open ladder's voltage, seen from ground."""
    crossbar = CrossbarParams(
        rows=segments, cols=1, r_driver=0, r_wire_row=0, r_wire_col=series, r_sense=series
    )
    effective = effective_conductance(np.full((segments, 1), 1 / cell), crossbar)
    t = 2 * np.arcsinh(np.sqrt(series / cell) / 2)
    k = np.arange(1, segments + 1)
    below = np.cosh((segments - k + 0.5) * t) / np.cosh((segments + 0.5) * t)
    assert effective.sum() == pytest.approx(below.sum() / cell, rel=1e-12)
    np.testing.assert_allclose(effective[::-1, 0], below / cell, rtol=1e-12)


@pytest.mark.spice
def test_an_r_2r_ladder_weighs_its_bits_by_powers_of_two(rational):
    """Voltage mode, both ends closed by 2R: bit k puts V / (6R) 2^(k - 3) into the last resistor."""
    crossbar = CrossbarParams(rows=4, cols=1, r_driver=0, r_wire_row=0, r_wire_col=1e4, r_sense=2e4)
    bits = np.array([1.0, 1.0, 0.0, 1.0])
    weights = 1 / (6 * 1e4) * 2.0 ** np.arange(-3, 1)
    both = weights + weights[::-1]  # a column sensed at both ends gives the sum
    topology = TopologyParams(sense="both")
    found = spice_currents(np.full((4, 1), 1 / 2e4), [bits], crossbar, topology=topology).i_col
    assert found[0, 0] == pytest.approx(bits @ both, rel=1e-6)
    voltages = rational("r2r")
    assert float(voltages["n3"]) / 2e4 == pytest.approx(bits @ weights, rel=1e-15)
    assert float(voltages["n0"]) / 2e4 == pytest.approx(bits @ weights[::-1], rel=1e-15)
