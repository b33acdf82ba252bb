"""One solve serves every gain and one layout every chip, with the numbers of separate ones."""

import pytest
import torch
from torch import nn

from xbarsim.hardware import AdcParams, ReadParams, to_crossbar, to_crossbar_gains, write_targets
from xbarsim.mapping import DriverParams, MappingSpec
from xbarsim.parameters import CrossbarParams

CROSSBAR = CrossbarParams(rows=8, cols=6)
GAINS = ("none", "layer", "tile", "column")


@pytest.fixture
def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 5, 3), nn.ReLU(), nn.Flatten(), nn.Linear(5 * 4, 3))


@pytest.mark.parametrize(
    "mapping",
    [
        MappingSpec(),
        MappingSpec(tile=(6, 5), order="strong_near", scale="tile", digital=("last",)),
        MappingSpec(compensated=True, driver=DriverParams(levels=5, rounding=True)),
    ],
)
def test_every_gain_has_the_weights_of_its_own_transformation(net, device, mapping):
    solved = []
    found = to_crossbar_gains(
        net, CROSSBAR, device, GAINS, mapping=mapping, chip=3, allow_unvalidated=True,
        on_tile=solved.append,
    )  # fmt: skip
    for gain in GAINS:
        alone = to_crossbar(
            net, CROSSBAR, device, mapping=mapping.replace(gain=gain), chip=3,
            allow_unvalidated=True,
        )  # fmt: skip
        assert found[gain].state_dict().keys() == alone.state_dict().keys()
        for name, tensor in alone.state_dict().items():
            assert torch.equal(found[gain].state_dict()[name], tensor)
    assert not torch.equal(found["none"].state_dict()[name], net.state_dict()["3.weight"])
    once = []
    to_crossbar(net, CROSSBAR, device, mapping=mapping, allow_unvalidated=True, on_tile=once.append)
    assert sum(solved) == sum(once)


def test_a_gain_a_bit_line_is_that_of_its_own_transformation(net, device):
    options = {"chip": 2, "allow_unvalidated": True}
    found = to_crossbar_gains(net, CROSSBAR, device, ("column", "bitline"), **options)
    for gain in ("column", "bitline"):
        alone = to_crossbar(net, CROSSBAR, device, gain=gain, **options)
        for name, tensor in alone.state_dict().items():
            assert torch.equal(found[gain].state_dict()[name], tensor)
    first, second = (found[gain].state_dict()["3.weight"] for gain in ("column", "bitline"))
    assert not torch.allclose(first, second, rtol=1e-3)
    solved, once = [], []
    to_crossbar_gains(net, CROSSBAR, device, ("bitline",), on_tile=solved.append, **options)
    to_crossbar(net, CROSSBAR, device, gain="bitline", on_tile=once.append, **options)
    assert sum(solved) == sum(once), "no other gain was asked for, so arrays are solved once"


def test_layers_read_tile_by_tile_get_their_gain_when_they_are_made(net, device):
    reading = ReadParams(adc=AdcParams(bits=6))
    options = {"allow_unvalidated": True, "reading": reading}
    found = to_crossbar_gains(net, CROSSBAR, device, ("none", "tile"), **options)
    images = torch.rand(3, 2, 4, 4, generator=torch.Generator().manual_seed(1))
    for gain in ("none", "tile"):
        alone = to_crossbar(net, CROSSBAR, device, gain=gain, **options)
        with torch.no_grad():
            assert torch.equal(found[gain](images), alone(images))


@pytest.mark.parametrize(
    "mapping", [MappingSpec(compensated=True), MappingSpec(tile=(4, 7), order="strong_near")]
)
def test_chips_that_share_their_targets_are_the_same_chips(net, device, mapping):
    targets = write_targets(net, CROSSBAR, device, mapping)
    for chip in (0, 2):
        shared, alone = (
            to_crossbar(
                net,
                CROSSBAR,
                device,
                mapping=mapping,
                chip=chip,
                allow_unvalidated=True,
                targets=given,
            )
            for given in (targets, None)
        )
        for name, tensor in alone.state_dict().items():
            assert torch.equal(shared.state_dict()[name], tensor)
