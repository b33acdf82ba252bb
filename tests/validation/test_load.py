"""Cases: three lines, a device file or a preset's name are enough, and a bad key is named."""

import pytest

from xbarsim.errors import ParameterError
from xbarsim.parameters import SinhCell, TopologyParams
from xbarsim.validation import load_case

DEVICE = """
[device]
r_min = 50e3
r_max = 1250e3
[crossbar]
r_wire_row = 3.2
[topology]
silent = "gated"
[cell]
kind = "sinh"
"""


@pytest.fixture
def device_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(DEVICE)
    return path


def test_three_lines_are_enough_and_a_bad_key_is_named(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text("sizes = [[4, 4]]\ncircuits = 1\nseed = 3\n")
    assert load_case(path).name == "small"
    path.write_text("size = [[4, 4]]\n")
    with pytest.raises(ParameterError, match="did you mean 'sizes'"):
        load_case(path)


def test_a_bare_device_file_is_a_case_with_its_cells_and_topology(device_file):
    case = load_case(device_file)
    setting = case.resolved()
    assert (case.name, setting.cell) == ("mine", SinhCell())
    assert setting.topology == TopologyParams(silent="gated")
    assert setting.crossbar(3, 4).r_wire_row == 3.2
    assert setting.device.g_max == pytest.approx(2e-5)
    assert case.budget < 600


@pytest.mark.usefixtures("device_file")
def test_a_case_may_name_a_device_file_beside_it_and_override_it(tmp_path):
    path = tmp_path / "case.toml"
    path.write_text(
        'device = "mine.toml"\nsizes = [[4, 4]]\n[cell]\nkind = "linear"\n'
        '[topology]\nsilent = "floating"\n[changes]\nr_sense = 7.0\n'
    )
    setting = load_case(path).resolved()
    assert setting.cell.kind == "linear"
    assert setting.topology.silent == "floating"
    assert setting.wires.r_sense == 7.0
    assert setting.wires.r_wire_row == 3.2


def test_changes_from_the_command_line_reach_case_device_and_wires():
    case = load_case(
        "wan2022", ["sizes=[[8, 4]]", "name=narrow", "g_max=1e-4", "r_wire_col=2", "seed=5"]
    )
    assert (case.name, case.sizes, case.seed) == ("narrow", ((8, 4),), 5)
    assert case.device_params().g_max == 1e-4
    assert case.crossbar_params(8, 4).r_wire_col == 2


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ("g_max", "is not KEY=VALUE"),
        ("r_wires=3", "changes names 'r_wires'"),
        ("circuits=0", "circuits"),
        ('statistics=["odd"]', "statistics"),
    ],
)
def test_a_bad_change_is_named(change, match):
    with pytest.raises(ParameterError, match=match):
        load_case("wan2022", [change])
