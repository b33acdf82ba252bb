"""Networks on crossbars: a copy, licensed by a record, exact when the hardware is."""

from pathlib import Path

import pytest
import torch
from torch import nn

from xbarsim.errors import OutOfValidatedRangeError, ParameterError
from xbarsim.hardware import ReadParams, count_arrays, layer_summaries, to_crossbar
from xbarsim.mapping import MappingSpec
from xbarsim.parameters import CrossbarParams, EffectParams, PowerDrift, StuckCells, load_crossbar
from xbarsim.validation import ValidationCase, load_record, validate


@pytest.fixture
def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 5, 3), nn.ReLU(), nn.Flatten(), nn.Linear(5 * 4, 3))


@pytest.fixture
def ideal():
    return CrossbarParams(rows=8, cols=4, r_driver=0, r_wire_row=0, r_wire_col=0, r_sense=0)


def test_perfect_hardware_computes_what_software_does(net, ideal, device):
    images = torch.rand(3, 2, 4, 4)
    hardware = to_crossbar(net, ideal, device.replace(sigma=0.0), allow_unvalidated=True)
    torch.testing.assert_close(hardware(images), net(images), rtol=1e-5, atol=1e-6)


def test_the_network_itself_is_untouched(net, device):
    before = {name: t.clone() for name, t in net.state_dict().items()}
    hardware = to_crossbar(net, CrossbarParams(rows=8, cols=8), device, allow_unvalidated=True)
    for name, tensor in net.state_dict().items():
        assert torch.equal(tensor, before[name])
    assert not torch.equal(hardware[0].weight, net[0].weight)
    assert torch.equal(hardware[0].bias, net[0].bias)
    assert [s.validated for s in layer_summaries(hardware)] == ["unvalidated"] * 2
    assert [s.n_tiles for s in layer_summaries(hardware)] == [3, 3]
    with pytest.raises(ParameterError, match="not made by to_crossbar"):
        layer_summaries(net)


def test_without_evidence_it_refuses(net, device):
    with pytest.raises(OutOfValidatedRangeError, match="allow_unvalidated"):
        to_crossbar(net, CrossbarParams(rows=8, cols=8), device)


@pytest.mark.spice
def test_a_record_licenses_only_what_it_covers(net, device):
    record = validate(ValidationCase(name="eight", sizes=((8, 8),), circuits=2, vectors=2))
    inside = CrossbarParams(rows=8, cols=8)
    hardware = to_crossbar(net, inside, device, record=record)
    assert {s.validated for s in layer_summaries(hardware)} == {"eight"}
    with pytest.raises(OutOfValidatedRangeError, match="rows is 16; covered: 8 to 8"):
        to_crossbar(net, inside.replace(rows=16), device, record=record)
    wide = device.replace(g_max=1.0)
    with pytest.raises(OutOfValidatedRangeError, match="conductance is"):
        to_crossbar(net, inside, wide, record=record)
    stamped = to_crossbar(net, inside, wide, record=record, allow_unvalidated=True)
    assert {s.validated for s in layer_summaries(stamped)} == {"unvalidated"}


def test_a_network_without_layers_for_crossbars_is_refused(device):
    crossbar = CrossbarParams(rows=8, cols=8)
    with pytest.raises(ParameterError, match="no Linear"):
        to_crossbar(nn.ReLU(), crossbar, device, allow_unvalidated=True)


def test_groups_strides_and_dilation_survive(device):
    torch.manual_seed(2)
    ideal = CrossbarParams(rows=6, cols=5, r_driver=0, r_wire_row=0, r_wire_col=0, r_sense=0)
    net = nn.Sequential(
        nn.Conv2d(4, 6, (3, 2), groups=2, stride=2, padding=1, dilation=(1, 2)), nn.Flatten(2),
        nn.Conv1d(6, 3, 4, groups=3, stride=3),
    )  # fmt: skip
    images = torch.rand(2, 4, 9, 8)
    for fields in ({}, {"unrolling": "position"}, {"scheme": "offset"}, {"order": "strong_near"}):
        hardware = to_crossbar(
            net, ideal, device.replace(sigma=0.0), allow_unvalidated=True,
            mapping=MappingSpec(**fields),
        )  # fmt: skip
        torch.testing.assert_close(hardware(images), net(images), rtol=1e-5, atol=1e-6)


def test_effects_drift_and_defects_reach_the_weights(net, device):
    crossbar = CrossbarParams(rows=8, cols=8)
    effects = EffectParams(
        stuck=StuckCells(on=0.1), drift=PowerDrift(nu=0.05, nu_sigma=0.02, t0=1.0)
    )

    def weight(chip=0, **kwargs):
        hardware = to_crossbar(
            net, crossbar, device, allow_unvalidated=True, effects=effects, chip=chip, **kwargs
        )
        return hardware[0].weight

    assert torch.equal(weight(seconds=1e3), weight(seconds=1e3))
    assert not torch.equal(weight(seconds=1e3), weight(seconds=1e6))
    assert not torch.equal(weight(seconds=1e3), weight(seconds=1e3, chip=1))
    with pytest.raises(ParameterError, match="seconds is None"):
        weight()


def test_other_models_of_the_wires_need_evidence_of_their_own(net, device):
    record = load_record(Path(__file__).parents[2] / "validation/records/bhattacharjee2022.json")
    crossbar = CrossbarParams(rows=16, cols=16)
    with pytest.raises(OutOfValidatedRangeError, match="model 'closed_form' did not pass"):
        to_crossbar(net, crossbar, device, record=record, reading=ReadParams(ir_drop="closed_form"))
    with pytest.raises(OutOfValidatedRangeError, match=r"silent = \"gated\""):
        to_crossbar(net, crossbar, device, reading=ReadParams(ir_drop="activity"))
    loose = {"record": record, "allow_unvalidated": True}
    near = to_crossbar(net, crossbar, device, reading=ReadParams(ir_drop="closed_form"), **loose)
    exact = to_crossbar(net, crossbar, device, **loose)
    ideal = to_crossbar(net, crossbar, device, reading=ReadParams(ir_drop="ideal"), **loose)
    assert {s.validated for s in layer_summaries(near)} == {"unvalidated"}
    torch.testing.assert_close(near[0].weight, exact[0].weight, rtol=1e-3, atol=1e-3)
    assert not torch.allclose(ideal[0].weight, exact[0].weight, rtol=1e-3, atol=1e-3)


def test_a_record_is_found_and_named_without_being_given(net, device):
    crossbar = load_crossbar("bhattacharjee2022", rows=32, cols=32)
    hardware = to_crossbar(net, crossbar, device)
    assert {s.validated for s in layer_summaries(hardware)} == {"bhattacharjee2022"}


def test_a_refusal_says_the_command_that_makes_the_record(net, device):
    with pytest.raises(OutOfValidatedRangeError, match=r"xbarsim validate bhattacharjee2022 --out"):
        to_crossbar(net, CrossbarParams(rows=7, cols=8, r_sense=3.0), device)


@pytest.mark.spice
def test_another_record_takes_over_where_the_first_does_not_cover_a_layer(
    net, device, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "validation/records"
    folder.mkdir(parents=True)
    # Variation takes cells beyond what the first record saw.
    case = ValidationCase(name="a", sizes=((8, 8),), circuits=2, vectors=2, models=("exact",))
    validate(case.replace(spread=1.2)).save(folder / "bhattacharjee2022.json")
    crossbar, wide = CrossbarParams(rows=8, cols=8), device.replace(sigma=0.3)
    with pytest.raises(OutOfValidatedRangeError, match="conductance is"):
        to_crossbar(net, crossbar, wide)
    validate(case.replace(name="b", spread=5.0)).save(folder / "wide.json")
    hardware = to_crossbar(net, crossbar, wide)
    assert "b" in {s.validated for s in layer_summaries(hardware)}


def test_arrays_are_counted_before_they_are_solved(net, device):
    crossbar = CrossbarParams(rows=8, cols=8)
    for fields in ({}, {"scheme": "offset"}, {"bits_per_cell": 2, "slices": 2}):
        solved = []
        spec = MappingSpec(**fields)
        to_crossbar(
            net, crossbar, device, allow_unvalidated=True, mapping=spec, on_tile=solved.append
        )
        assert sum(solved) == count_arrays(net, (8, 8), spec)
