"""What drives the rows is explicit: a layer that needs more is refused by its name."""

import pytest
import torch
from torch import nn

from xbarsim.errors import ParameterError
from xbarsim.hardware import to_crossbar
from xbarsim.mapping import DriverParams, MappingSpec
from xbarsim.network import LIF, pool_before_threshold, unroll
from xbarsim.parameters import CrossbarParams

CROSSBAR = CrossbarParams(rows=8, cols=8, r_driver=0, r_wire_row=0, r_wire_col=0, r_sense=0)


@pytest.fixture
def net():
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1, bias=False), LIF(), nn.AvgPool2d(2),
        nn.Sequential(nn.Conv2d(3, 4, 3, padding=1, bias=False), LIF()), nn.Flatten(),
        nn.Linear(16, 2, bias=False),
    )  # fmt: skip


def mapped(net, device, encoder="poisson", digital=(), **driver):
    spec = MappingSpec(driver=DriverParams(**driver), digital=digital)
    return to_crossbar(
        net, CROSSBAR, device.replace(sigma=0.0), allow_unvalidated=True, mapping=spec,
        encoder=encoder,
    )  # fmt: skip


def test_binary_drivers_refuse_pooled_spikes_and_five_levels_take_them(net, device):
    with pytest.raises(ParameterError, match=r"layer '3\.0' gets inputs of 5 levels"):
        mapped(net, device, levels=2)
    with pytest.raises(ParameterError, match=r"layer '3\.0' gets inputs of 5 levels"):
        mapped(net, device, levels=7)
    for levels in (5, 9):
        mapped(net, device, levels=levels)
    mapped(net, device, levels=2, digital=("3.0",))


def test_pooling_before_the_threshold_makes_spikes_of_it(net, device):
    moved = pool_before_threshold(net)
    kinds = [type(layer).__name__ for layer in moved]
    assert kinds[:4] == ["Conv2d", "AvgPool2d", "LIF", "Conv2d"]
    mapped(moved, device, levels=2)
    spikes = unroll(moved, torch.rand(3, 2, 1, 4, 4))[2]
    assert set(spikes[0].unique().tolist()) <= {0.0, 1.0}


def test_signed_and_analog_images_name_the_first_layer(net, device):
    with pytest.raises(ParameterError, match="layer '0' gets signed inputs"):
        mapped(net, device, "ternary", levels=5, signed="refused")
    mapped(net, device, "ternary", levels=5, signed="two_phase")
    with pytest.raises(ParameterError, match="layer '0' gets inputs of any size"):
        mapped(net, device, "direct", levels=5)
    mapped(net, device, "direct", levels=5, digital=("first",))


def test_a_rounding_dac_takes_anything_at_its_own_resolution(net, device):
    hardware = mapped(net, device, "direct", levels=3, rounding=True)
    x = torch.tensor([[[[0.1, 0.3], [0.8, 1.7]]]])
    rounded = torch.tensor([[[[0.0, 0.5], [1.0, 1.0]]]])
    torch.testing.assert_close(hardware[0](x), net[0](rounded), rtol=1e-5, atol=1e-6)


def test_layers_that_stay_digital_are_untouched(net, device):
    noisy = device.replace(sigma=0.2)
    spec = MappingSpec(digital=("first", "last"))
    hardware = to_crossbar(net, CROSSBAR, noisy, allow_unvalidated=True, mapping=spec)
    assert torch.equal(hardware[0].weight, net[0].weight)
    assert torch.equal(hardware[5].weight, net[5].weight)
    assert not torch.equal(hardware[3][0].weight, net[3][0].weight)
    with pytest.raises(ParameterError, match=r"digital names \['conv1'\]"):
        mapped(net, device, digital=("conv1",))
