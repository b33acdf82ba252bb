"""A designer's answers are physics: limits keep the budget, energy is conserved, decks agree."""

import re

import numpy as np
import pytest

from xbarsim.design import ArrayDesign, design_error, draw_sample, load_design, read_power
from xbarsim.design.assumptions import check_assumptions
from xbarsim.design.contours import error_maps, map_steps
from xbarsim.design.errors import compare
from xbarsim.design.frontier import ErrorCurve, find_frontier
from xbarsim.design.power import PARTS
from xbarsim.design.quantities import quantities, with_wires
from xbarsim.design.resistances import resistance_costs
from xbarsim.design.settling import settling_time
from xbarsim.design.spot import spot_check
from xbarsim.errors import ParameterError
from xbarsim.parameters import (
    CrossbarParams,
    DeviceParams,
    LinearCell,
    SinhCell,
    TopologyParams,
    TransientParams,
    TransistorCell,
)
from xbarsim.spice import check_deck, run_deck

OWN = """
[device]
r_min = 50e3
r_max = 1.25e6
v_read = 0.2
[crossbar]
r_driver = 400.0
r_wire_row = 3.2
r_wire_col = 3.2
r_sense = 700.0
[topology]
silent = "gated"
[cell]
kind = "sinh"
v0 = 0.25
"""


@pytest.fixture
def plain() -> ArrayDesign:
    return load_design("bhattacharjee2022", rows=7, cols=5)


@pytest.fixture
def own(tmp_path) -> ArrayDesign:
    (tmp_path / "own.toml").write_text(OWN)
    return load_design(tmp_path / "own.toml", rows=7, cols=5)


def test_the_cheapest_exact_model_is_chosen(plain, own):
    assert plain.method == "matrix"
    assert plain.connected(silent="floating").method == "patterns"
    assert own.method == "state"
    assert plain.with_cell(TransistorCell()).method == "state"
    assert plain.connected(sense="both").method == "matrix"
    assert own.connected(sense="both").method == "nodal"


def test_columns_of_pairs_are_judged_one_by_one(tmp_path):
    path = tmp_path / "pairs.toml"
    path.write_text('[device]\nr_min=5e4\nr_max=5e5\n[topology]\ncolumns="differential"\n')
    design = load_design(path, rows=4, cols=3)
    assert design.method == "matrix"
    assert design_error(design, draw_sample(design)).raw > 0


def test_column_gain_removes_what_a_column_shares():
    wanted = np.array([[1.0, 4.0], [2.0, 6.0], [3.0, 1.0]])
    found = compare(wanted * [0.5, 0.8], wanted).summary()
    assert found.raw == pytest.approx(0.25)  # 3 - 1.5, of 6
    assert found.raw_rms < found.raw
    assert found.gain == pytest.approx(0, abs=1e-15)


def test_a_sense_resistor_alone_is_a_gain_and_nothing_costs_nothing(plain):
    free = plain.wired(r_wire_row=0.0)
    costs = resistance_costs(free, draw_sample(free))
    each = {cost.name: cost for cost in costs.each}
    assert each["r_sense"].alone.gain < 1e-12 < each["r_sense"].alone.raw
    assert each["r_wire_row"].alone.raw == pytest.approx(0, abs=1e-12)
    assert each["r_wire_row"].without.raw == pytest.approx(costs.together.raw)
    assert [c.alone.raw for c in costs.each] == sorted(c.alone.raw for c in costs.each)[::-1]
    # Rayleigh: taking a resistance out brings every column nearer to the array without wires.
    assert all(cost.without.raw <= costs.together.raw * (1 + 1e-12) for cost in costs.each)


@pytest.mark.parametrize("name", ["size", "wire", "r_min", "ratio"])
def test_a_limit_keeps_the_budget_and_just_beyond_it_is_missed(plain, name):
    sample = draw_sample(plain)
    quantity = next(q for q in quantities(plain) if q.name == name)
    share = 0.7 if name == "r_min" else 1.3
    budget = share * design_error(plain, sample, of_signal=quantity.of_signal).gain
    curve = ErrorCurve(quantity, sample)
    found = find_frontier(curve, "gain", budget)
    assert found.value is not None
    assert found.error == curve(found.value).gain <= budget
    beyond = found.value + 1 if quantity.whole else found.value
    if not quantity.whole:
        beyond *= 1.03 if quantity.hard > quantity.easy else 1 / 1.03
    assert curve(beyond).gain > budget


def test_no_limit_and_no_way_are_said(plain):
    sample = draw_sample(plain)
    wire = next(q for q in quantities(plain) if q.name == "wire")
    curve = ErrorCurve(wire, sample)
    none = find_frontier(curve, "raw", 0.001)
    assert none.value is None
    assert none.error == curve(wire.easy).raw > 0.001
    r_min = next(q for q in quantities(plain.wired(r_driver=0.0)) if q.name == "r_min")
    free = find_frontier(ErrorCurve(r_min, sample), "raw", 0.9999)
    assert free.open_ended
    with pytest.raises(ParameterError, match="between 0 and 1"):
        find_frontier(curve, "raw", 1.5)


@pytest.mark.spice
def test_ngspice_gives_the_error_at_a_limit_and_so_does_its_deck(own):
    sample = draw_sample(own)
    spot = spot_check(own, sample, "raw", "limit-test")
    assert spot.error == pytest.approx(design_error(own, sample).raw)
    assert spot.error_spice == pytest.approx(spot.error, rel=1e-6)
    assert spot.difference < 1e-9
    assert not [f for f in check_deck(spot.deck.text) if f.severity == "error"]
    saved = run_deck(spot.deck.text)
    assert sum(name.startswith("v(bl_6_") for name in saved) == 5
    # The title says which column is furthest off, and by how much of which full scale.
    title = spot.deck.text.split("\n")[0]
    said = re.search(r"column (\d+) should carry (\S+) A; .* of (\S+) A", title)
    column, wanted, scale = int(said[1]), float(said[2]), float(said[3])
    sensed = float(saved[f"v(bl_6_{column})"][0]) / own.crossbar.r_sense
    assert abs(sensed - wanted) / scale == pytest.approx(spot.error, rel=1e-4)


def test_maps_hold_the_design_itself(plain):
    steps = []
    maps = error_maps(plain, draw_sample(plain), steps.append)
    assert len(steps) == map_steps(plain)
    for found in maps:
        assert found.raw.shape == (len(found.wire), len(found.x)) == found.gain.shape
        k, m = len(found.x) // 2, len(found.wire) // 2
        point = with_wires(found.quantity.apply(found.x[k]), found.wire[m])
        again = design_error(point, draw_sample(plain), of_signal=found.quantity.of_signal)
        assert found.raw[m, k] == again.raw
    size = maps[0]
    assert size.quantity.name == "size"
    assert np.all(np.diff(size.raw, axis=0) > 0)


def test_the_power_of_one_cell_is_ohms_law():
    one = ArrayDesign(
        DeviceParams(name="one", g_min=1e-6, g_max=1e-4),
        CrossbarParams(rows=1, cols=1, r_driver=300.0, r_sense=900.0),
        TopologyParams(),
        LinearCell(),
        TransientParams(),
    )
    split = read_power(one, np.array([[1e-4]]), np.array([[0.2]]))
    current = 0.2 / (300 + 1e4 + 900)
    assert split.source[0] == pytest.approx(0.2 * current)
    for part, ohm in zip(PARTS, (1e4, 300.0, 0.0, 900.0), strict=True):
        assert getattr(split, part)[0] == pytest.approx(ohm * current**2)


@pytest.mark.parametrize("silent", ["grounded", "gated", "floating"])
@pytest.mark.parametrize("cell", [LinearCell(), SinhCell(v0=0.1)], ids=lambda cell: cell.kind)
def test_energy_is_conserved_and_the_oracle_splits_it_alike(plain, cell, silent, draw):
    design = plain.with_cell(cell).connected(silent=silent)
    g = draw.uniform(5e-6, 5e-5, (7, 5))
    v = np.where(draw.random((3, 7)) < 0.5, 0.2, 0.0)
    v[:, 3] = 0.2
    split = read_power(design, g, v)
    assert split.imbalance < 1e-10
    # Two lead segments of no resistance change nothing but the method.
    led = design.connected(lead_row=1).wired(r_wire_row=1e-3)
    near = read_power(design.wired(r_wire_row=1e-3), g, v)
    oracle = read_power(led, g, v)
    for part in ("source", *PARTS):
        np.testing.assert_allclose(getattr(oracle, part), getattr(near, part), rtol=1e-4)


@pytest.mark.spice
def test_settling_of_one_capacitor_is_its_time_constant():
    one = ArrayDesign(
        DeviceParams(name="one", g_min=9.9e-5, g_max=1e-4),
        CrossbarParams(rows=1, cols=1, r_driver=2000.0, r_sense=500.0),
        TopologyParams(),
        LinearCell(),
        TransientParams(rise=1e-13, c_wire_row=4e-15, c_wire_col=0.0),
    )
    found = settling_time(one, draw_sample(one), (1, 1), 0.01)
    ohm = 1 / (1 / 2000 + 1 / (1e4 + 500))
    assert found.seconds == pytest.approx(4e-15 * ohm * np.log(100), rel=0.03)


@pytest.mark.spice
def test_assumptions_are_judged_by_the_budget_and_their_decks_agree(own):
    sample = draw_sample(own)
    steps = []
    found = check_assumptions(own, sample, 0.01, steps.append)
    assert len(found) == len(steps) == 5
    by_name = {a.deck.name: a for a in found}
    for name in ("linear-cells", "silent-floating", "silent-gated", "static", "float32"):
        a = by_name[f"assumption-{name}.cir"]
        assert a.holds == (a.error <= 0.01)
        assert a.error_spice == pytest.approx(a.error, rel=1e-3, abs=1e-9)
        assert run_deck(a.deck.text)
    assert by_name["assumption-float32.cir"].error < 1e-5
    assert by_name["assumption-linear-cells.cir"].error > 1e-3
    assert not by_name["assumption-silent-gated.cir"].holds


@pytest.mark.spice
def test_zero_resistances_are_confirmed_within_what_a_deck_can_say(plain):
    free = plain.wired(r_driver=0.0, r_wire_row=0.0, r_wire_col=0.0)
    spot = spot_check(free, draw_sample(free), "raw", "zeros")
    assert spot.error_spice == pytest.approx(spot.error, rel=1e-3)
    assert spot.difference < 1e-4
    assert " 0.05" in spot.deck.text
    assert all(a.error is None or a.deck for a in check_assumptions(free, draw_sample(free), 0.01))


@pytest.mark.spice
def test_a_short_pulse_does_not_settle(own):
    slow = TransientParams(
        pulse=2e-11, rise=1e-12, period=4e-11, c_wire_row=1e-14, c_wire_col=1e-14
    )
    design = ArrayDesign(own.device, own.crossbar, own.topology, own.cell, slow)
    static = check_assumptions(design, draw_sample(design), 0.01)[3]
    assert not static.holds
    assert static.error > 0.05
