"""Neurons follow their equations, keep no state, and do not care how time is cut."""

import pytest
import torch

from xbarsim.network import LIF, NeuronParams, build_network, lif_step, network_spec, unroll


@pytest.mark.parametrize(
    ("reset", "spikes", "membranes"),
    [
        # leak 0.5, threshold 0.8, drives 0.7, 0.6, 0.1, 0.9 by hand:
        ("subtract", [0, 1, 0, 1], [0.7, 0.95 - 0.8, 0.175, 0.9875 - 0.8]),
        ("zero", [0, 1, 0, 1], [0.7, 0.0, 0.1, 0.0]),
    ],
)
def test_a_trace_worked_by_hand(reset, spikes, membranes):
    params = NeuronParams(leak=0.5, threshold=0.8, reset=reset)
    membrane = torch.zeros(1, 1, dtype=torch.float64)
    for drive, spike, after in zip([0.7, 0.6, 0.1, 0.9], spikes, membranes, strict=True):
        fired, membrane = lif_step(
            torch.full((1, 1), drive, dtype=torch.float64),
            membrane,
            torch.tensor(0.8, dtype=torch.float64),
            params,
        )
        assert fired.item() == spike
        assert membrane.item() == pytest.approx(after, abs=1e-12)


def test_the_threshold_itself_does_not_fire():
    fired, _ = lif_step(torch.ones(1, 1), torch.zeros(1, 1), torch.tensor(1.0), NeuronParams())
    assert fired.item() == 0


@pytest.mark.parametrize("reset", ["subtract", "zero"])
@pytest.mark.parametrize("cut", [1, 3, 6])
def test_cutting_the_time_axis_changes_nothing(reset, cut):
    params = NeuronParams(leak=0.8, threshold=0.4, reset=reset)
    net = build_network(network_spec("vgg-digits"), lambda: LIF(params), seed=1)
    inputs = torch.rand(7, 2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        whole, end, spikes = unroll(net, inputs)
        first, state, before = unroll(net, inputs[:cut])
        second, state, after = unroll(net, inputs[cut:], state)
    torch.testing.assert_close(torch.cat([first, second]), whole)
    for a, b in zip(state, end, strict=True):
        torch.testing.assert_close(a, b)
    for a, b, c in zip(before, after, spikes, strict=True):
        assert torch.equal(torch.cat([a, b]), c)
        assert set(c.unique().tolist()) <= {0.0, 1.0}


def test_a_layer_holds_no_state():
    layer = LIF(NeuronParams(leak=0.9, threshold=0.5))
    drive = torch.rand(4, 3, 2, generator=torch.Generator().manual_seed(0))
    first, _ = layer(drive)
    second, _ = layer(drive)
    assert torch.equal(first, second)


@pytest.mark.parametrize(
    ("surrogate", "expected"),
    [("triangle", [0.0, 0.5, 1.0, 0.75, 0.0]), ("rectangle", [0.0, 0.0, 1.0, 1.0, 0.0])],
)
def test_the_surrogate_gradient_is_the_stated_one(surrogate, expected):
    """Eq. 3 with threshold 2: at v = -1, 1, 2, 2.5, 5 the distance is -1.5, -0.5, 0, 0.25, 1.5."""
    v = torch.tensor([[-1.0, 1.0, 2.0, 2.5, 5.0]], requires_grad=True)
    params = NeuronParams(threshold=2.0, surrogate=surrogate, leak=0.5)
    fired, _ = lif_step(v, torch.zeros(1, 5), torch.tensor(2.0), params)
    fired.sum().backward()
    assert v.grad.tolist() == [expected]


def test_a_shape_that_would_broadcast_silently_is_caught():
    with pytest.raises(Exception, match="batch"):
        lif_step(torch.zeros(2, 4), torch.zeros(3, 1), torch.tensor(1.0), NeuronParams())
