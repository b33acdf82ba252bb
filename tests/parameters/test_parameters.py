"""Parameters are complete, frozen, and refuse what is not physical, by name and value."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xbarsim.errors import ParameterError, StorageError
from xbarsim.parameters import (
    CrossbarParams,
    DeviceParams,
    SinhCell,
    SubcircuitCell,
    TopologyParams,
    load_cell,
    load_crossbar,
    load_device,
    load_topology,
    preset_names,
)


def test_the_papers_preset_has_the_papers_numbers():
    device = load_device("bhattacharjee2022")
    assert (1 / device.g_max, 1 / device.g_min) == (pytest.approx(20e3), pytest.approx(200e3))
    assert device.sigma == 0.1
    assert load_crossbar("bhattacharjee2022", rows=2, cols=3).resistances == (1e3, 5.0, 10.0, 1e3)


def test_every_preset_loads_and_names_its_source():
    for name in preset_names():
        assert load_device(name).source.startswith("http")
        assert load_crossbar(name, rows=2, cols=2).rows == 2


@pytest.mark.parametrize("field", ["r_driver", "r_wire_row", "r_wire_col", "r_sense"])
@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf, "many"])
def test_a_bad_resistance_is_refused_by_name_and_value(field, value):
    with pytest.raises(ParameterError, match=rf"{field} \[Ω\]") as error:
        CrossbarParams(rows=2, cols=2, **{field: value})
    assert repr(value).strip("'") in str(error.value)


@pytest.mark.parametrize("rows", [0, -3, 1.5])
def test_an_array_has_whole_rows(rows):
    with pytest.raises(ParameterError, match="rows"):
        CrossbarParams(rows=rows, cols=2)


def test_an_unknown_key_suggests_the_nearest():
    with pytest.raises(ParameterError, match=r"r_drivr.*did you mean 'r_driver'"):
        CrossbarParams(rows=2, cols=2, r_drivr=1.0)


@given(low=st.floats(1e-9, 1e-3), factor=st.floats(0.1, 1.0))
def test_a_range_must_be_ordered(low, factor):
    with pytest.raises(ParameterError, match=r"g_min.*must be lower than g_max"):
        DeviceParams(name="x", g_min=low, g_max=low * factor)


def test_resistances_and_conductances_are_two_ways_to_say_the_same():
    by_r = DeviceParams(name="x", r_min=50e3, r_max=1e6)
    assert by_r == DeviceParams(name="x", g_min=1e-6, g_max=1 / 50e3)
    with pytest.raises(ParameterError, match="both r_min and g_max"):
        DeviceParams(name="x", r_min=1.0, g_max=1.0, g_min=0.1)
    with pytest.raises(ParameterError, match="r_min"):
        DeviceParams(name="x", r_min=-5.0, r_max=1e6)


def test_parameters_are_frozen(crossbar):
    with pytest.raises(ValueError, match="frozen"):
        crossbar.rows = 9


def test_an_unknown_preset_suggests_the_nearest():
    with pytest.raises(ParameterError, match="did you mean 'bhattacharjee2022'"):
        load_device("bhatacharjee")


def test_a_device_file_is_checked_key_by_key(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("[device]\nr_min = 1e4\nr_max = 1e5\n[crossbar]\nr_sense = 50.0\n")
    assert load_device(path).name == "mine"
    assert load_crossbar(path, rows=2, cols=2).r_sense == 50.0
    path.write_text("[device]\nr_mim = 1e4\n")
    with pytest.raises(ParameterError, match="r_mim"):
        load_device(path)
    path.write_text("[devices]\n")
    with pytest.raises(ParameterError, match="devices"):
        load_device(path)
    path.write_text("not toml")
    with pytest.raises(ParameterError, match="not valid TOML"):
        load_device(path)
    with pytest.raises(StorageError, match="cannot read"):
        load_device(tmp_path / "absent.toml")


def test_units_are_read_from_the_type():
    assert CrossbarParams.unit("r_driver") == "Ω"
    assert DeviceParams.unit("g_min") == "S"


def test_a_preset_says_what_was_measured_and_what_is_assumed():
    assert len(preset_names()) >= 13
    for name in preset_names():
        device = load_device(name)
        assert device.measured, name
        assert device.assumed, name


def test_wires_that_a_source_computes_are_what_its_law_gives():
    """Surface and grain-boundary scattering (Fuchs-Sondheimer, Mayadas-Shatzkes) as in IMAC-Sim."""
    width, thickness, free_path = 27e-9, 22e-9, 39e-9
    a = free_path * 0.3 / (width * (1 - 0.3))
    grains = 1 - 3 * a / 2 + 3 * a**2 - 3 * a**3 * math.log(1 + 1 / a)
    rho = 1.9e-8 * (0.75 * (1 - 0.25) * free_path / width + 1 / grains)
    found = load_crossbar("imacsim", rows=2, cols=2)
    assert found.r_wire_row == pytest.approx(rho * 108e-9 / (width * thickness), rel=1e-3)
    assert found.r_wire_col == pytest.approx(rho * 135e-9 / (width * thickness), rel=1e-3)
    assert 1 / load_device("alambertini01").g_max == pytest.approx(3000 * 5 / 10.62, rel=1e-4)
    assert load_cell("alambertini01") == SinhCell(v0=0.3326)


def test_a_state_dependent_variation_is_taken_at_the_middle_of_the_range():
    fits = {
        "milo2021": lambda g: -0.0091 * g + 4.782,
        "joshi2020": lambda g: -0.00179 * g**2 + 0.0759 * g + 0.286,
        "nandakumar2019": lambda g: 0.26348 + 1.965 * (g / 25) - 1.1731 * (g / 25) ** 2,
        "falcone-cmo-hfox": lambda g: 0.0112185391 + 0.01129027418 * g,
        "wan2022": lambda g: (
            0.348 + 16.03 * (g / 40) - 43.853 * (g / 40) ** 2
            + 45.393 * (g / 40) ** 3 - 16.815 * (g / 40) ** 4
        ),
    }  # fmt: skip
    for name, fit in fits.items():
        device = load_device(name)
        middle = (device.g_min + device.g_max) / 2 * 1e6
        assert device.sigma == pytest.approx(fit(middle) / middle, abs=5.1e-5), name


def test_a_file_may_choose_its_cells_and_its_topology(tmp_path):
    path = tmp_path / "mine.toml"
    device = "[device]\nr_min = 1e4\nr_max = 1e5\n"
    path.write_text(device)
    assert load_cell(path).kind == "linear"
    assert load_topology(path) == TopologyParams()
    path.write_text(device + '[cell]\nkind = "sinh"\nv0 = 0.2\n[topology]\ndrive = "both"\n')
    assert load_cell(path) == SinhCell(v0=0.2)
    assert load_topology(path).drive == "both"
    path.write_text(device + '[cell]\nkind = "subckt"\npath = "a.lib"\nsubckt = "a"\n')
    assert load_cell(path) == SubcircuitCell(path=tmp_path / "a.lib", subckt="a")
    path.write_text(device + '[cell]\nkind = "sin"\n')
    with pytest.raises(ParameterError, match=r"'sin'.*choose linear, sinh"):
        load_cell(path)
    path.write_text(device + '[topology]\ndrive = "three"\n')
    with pytest.raises(ParameterError, match=r"drive is 'three'"):
        load_topology(path)
