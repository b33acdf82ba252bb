"""Effects on cells: their laws, their statistics, and streams that do not touch each other."""

import numpy as np
import pytest

from xbarsim.effects import (
    age_cells,
    deviation,
    drift_cells,
    effect_generator,
    program_cells,
    read_cells,
    stick_cells,
)
from xbarsim.errors import ParameterError
from xbarsim.parameters import (
    EffectParams,
    FlickerDeviation,
    LogarithmicDrift,
    PolynomialDeviation,
    PowerDrift,
    RelativeDeviation,
    SaturatingDeviation,
    StuckCells,
)

LAWS = [
    (RelativeDeviation(sigma=0.1), lambda g: 0.1 * g),
    (
        PolynomialDeviation(coefficients=(2e-7, 1e-6, -3e-7), g_ref=2e-5),
        lambda g: 2e-7 + 1e-6 * (g / 2e-5) - 3e-7 * (g / 2e-5) ** 2,
    ),
    (SaturatingDeviation(limit=2e-7, scale=2e-6), lambda g: 2e-7 * (1 - np.exp(-g / 2e-6))),
    (
        FlickerDeviation(q=0.01, slope=0.5, q_max=0.1, g_ref=2e-5, t_read=1e-6, t=10.0),
        lambda g: g * min(0.01 * (g / 2e-5) ** -0.5, 0.1) * np.sqrt(np.log((10 + 1e-6) / 2e-6)),
    ),
]


@pytest.mark.parametrize(("law", "sigma"), LAWS, ids=lambda x: getattr(x, "kind", ""))
def test_the_spread_of_many_cells_is_the_laws(law, sigma):
    for g in (1e-5, 3e-5):
        cells = program_cells(np.full((200, 300), g), law, effect_generator("variation", 1))
        assert cells.mean() == pytest.approx(g, rel=2e-3)
        assert cells.std() == pytest.approx(sigma(g), rel=0.02)


def test_laws_end_where_physics_ends():
    fit = PolynomialDeviation(coefficients=(1e-6, -1e-6), g_ref=1e-5)
    assert not deviation(fit, np.array([3e-5])).any()
    flicker = LAWS[3][0]
    assert not deviation(flicker, np.zeros(2)).any()
    low = deviation(flicker, np.array([1e-12]))
    assert low == pytest.approx(1e-13 * np.sqrt(np.log(10.000001 / 2e-6)))
    wide = program_cells(
        np.full(1000, 1e-5), RelativeDeviation(sigma=1.0), np.random.default_rng(0)
    )
    assert wide.min() == 0


def test_every_reading_is_another_one(draw):
    g, law = draw.uniform(1e-6, 1e-5, (4, 3)), RelativeDeviation(sigma=0.02)
    stream = effect_generator("read_noise", 7, 0)
    first, second = read_cells(g, law, stream), read_cells(g, law, stream)
    assert (first != second).all()
    np.testing.assert_array_equal(first, read_cells(g, law, effect_generator("read_noise", 7, 0)))


def test_drift_is_a_power_of_time(draw):
    g = draw.uniform(1e-6, 1e-5, (5, 3))
    law = PowerDrift(nu=0.05, t0=20.0)
    stream = effect_generator("drift", 0)
    np.testing.assert_allclose(drift_cells(g, law, 2e6, stream), g * 1e5**-0.05)
    np.testing.assert_allclose(drift_cells(g, law, 20.0, stream), g)


def test_drift_exponents_spread_and_depend_on_the_state():
    law = PowerDrift(
        nu=0.05, nu_sigma=0.01, nu_slope=-0.02, nu_limits=(0.0, 0.08), g_ref=1e-5, t0=1.0
    )
    for g, mean in ((1e-5, 0.05), (5e-6, 0.05 + 0.02 * np.log(2)), (1e-7, 0.08)):
        moved = drift_cells(np.full(50_000, g), law, np.e, effect_generator("drift", 3))
        nu = -np.log(moved / g)
        assert nu.mean() == pytest.approx(mean, rel=0.01)
        assert nu.std() == pytest.approx(0.01, rel=0.02)


def test_one_chip_is_followed_through_time():
    g, law = np.full(1000, 1e-5), PowerDrift(nu=0.05, nu_sigma=0.03, t0=1.0)
    early, late = (drift_cells(g, law, t, effect_generator("drift", 4)) for t in (10.0, 100.0))
    np.testing.assert_allclose(late / g, (early / g) ** 2)
    assert late.max() <= 1e-5


def test_relaxation_goes_with_the_logarithm_of_time():
    law = LogarithmicDrift(shift=-1e-7, spread=4e-7, spread_rate=1e-7, t0=1.0)
    moved = drift_cells(np.full(50_000, 5e-5), law, np.e**2, effect_generator("drift", 5))
    assert moved.mean() == pytest.approx(5e-5 - 2e-7, rel=1e-3)
    assert moved.std() == pytest.approx(6e-7, rel=0.02)


def test_stuck_cells_have_their_shares_and_more_stay_stuck():
    g = np.full((300, 400), 2e-5)
    few, many = (
        stick_cells(g, StuckCells(on=on, off=off), effect_generator("stuck", 2), g_min=1e-6, g_max=1e-4)
        for on, off in ((0.01, 0.03), (0.02, 0.05))
    )  # fmt: skip
    assert (few == 1e-4).mean() == pytest.approx(0.01, rel=0.1)
    assert (few == 1e-6).mean() == pytest.approx(0.03, rel=0.1)
    assert (many[few != 2e-5] == few[few != 2e-5]).all()
    assert (few == 2e-5).mean() == pytest.approx(0.96, rel=0.01)


def test_switching_one_effect_leaves_the_others_alone(device, draw):
    g = draw.uniform(device.g_min, device.g_max, (6, 5))
    spread = EffectParams(variation=RelativeDeviation(sigma=0.1))
    both = spread.replace(stuck=StuckCells(off=0.3))
    one, two = age_cells(g, spread, device, (1, 2)), age_cells(g, both, device, (1, 2))
    free = two != device.g_min
    assert 0 < free.sum() < free.size
    np.testing.assert_array_equal(one[free], two[free])
    drifting = spread.replace(drift=PowerDrift(nu=0.1, t0=1.0))
    np.testing.assert_allclose(age_cells(g, drifting, device, (1, 2), seconds=10.0), one * 10**-0.1)


def test_streams_differ_by_effect_and_place():
    draws = [
        effect_generator(effect, *where).random()
        for effect in ("variation", "stuck", "drift", "read_noise")
        for where in ((0, 0, 0), (0, 0, 1), (1, 0, 0))
    ]
    assert len(set(draws)) == 12


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: effect_generator("noise", 0), "'noise'.*use one of variation"),
        (lambda: effect_generator("drift", -1), "numbers from 0"),
        (lambda: read_cells([-1.0], RelativeDeviation(), None), r"conductance\[0\] is .*-1.0"),
        (lambda: deviation("big", np.ones(1)), "'big' is no law"),
        (lambda: drift_cells([1.0], PowerDrift(nu=0.1, t0=5.0), 1.0, None), "starts 5.0 s after"),
        (lambda: StuckCells(on=0.6, off=0.6), "exceed all cells"),
        (
            lambda: stick_cells([1.0], StuckCells(), None, g_min=2.0, g_max=1.0),
            "0 <= g_min <= g_max",
        ),
        (
            lambda: FlickerDeviation(q=0.1, slope=0.5, q_max=1, g_ref=1, t_read=1.0, t=0.5),
            "before one reading",
        ),
        (lambda: PowerDrift(nu=0.1, t0=1.0, nu_limits=(0.2, 0.1)), "lowest <= highest"),
    ],
)
def test_what_is_not_physical_is_refused(call, match):
    with pytest.raises(ParameterError, match=match):
        call()


def test_drift_needs_a_time_and_a_time_needs_drift(device):
    drifting = EffectParams(drift=PowerDrift(nu=0.1, t0=1.0))
    with pytest.raises(ParameterError, match="give both, or neither"):
        age_cells([1e-5], drifting, device, (0,))
    with pytest.raises(ParameterError, match="give both, or neither"):
        age_cells([1e-5], EffectParams(), device, (0,), seconds=5.0)
