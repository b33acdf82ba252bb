"""The fast form of a network for inference gives what the network gives, spike for spike."""

import pytest
import torch
from torch import nn

from xbarsim.network import (
    LIF,
    BatchNormThroughTime,
    NeuronParams,
    build_network,
    for_inference,
    network_spec,
    run_counting,
    unroll,
)
from xbarsim.network.counting import CountingNeurons

STEPS = 5


def drive_of(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(2)) + 0.4


def last(x):
    """The same numbers, channels last in memory."""
    flat = x.flatten(0, 1).contiguous(memory_format=torch.channels_last)
    return flat.view(x.shape) if flat.is_contiguous() else flat.unflatten(0, x.shape[:2])


@pytest.mark.parametrize("reset", ["subtract", "zero"])
@pytest.mark.parametrize("layout", [last, torch.Tensor.contiguous], ids=["last", "first"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("side", [None, 2, 3])
def test_counts_and_pools(reset, layout, dtype, side):
    lif = LIF(NeuronParams(leak=0.7, threshold=0.83, reset=reset))
    pool = None if side is None else nn.AvgPool2d(side)
    drive = layout(drive_of(STEPS, 3, 4, 7, 5).to(dtype))
    counting = CountingNeurons(lif, pool)
    with torch.inference_mode():
        first, state, early = counting(drive[:2], None)
        kept = state.clone()
        second, end, late = counting(drive[2:], state)
        spikes, membrane = lif(drive)
        wanted = spikes if pool is None else pool(spikes.flatten(0, 1)).unflatten(0, (STEPS, 3))
    assert torch.equal(torch.cat([first, second]), wanted)
    assert torch.equal(end, membrane)
    assert torch.equal(state, kept), "the state that was handed in must stay as it was"
    counts = spikes.sum(dim=(1, 2, 3, 4)).tolist()
    assert [*early, *late] == counts
    assert min(counts) > 0


def test_a_membrane_at_its_threshold_does_not_fire_nor_count():
    """Threshold, leak and drive are sums of powers of two: u is 3/4 exactly, then 3/8 + 3/8."""
    lif = LIF(NeuronParams(leak=0.5, threshold=0.75))
    drive = torch.tensor([0.75, 0.375, 0.625])[:, None, None].expand(3, 2, 21)
    out, membrane, counts = CountingNeurons(lif)(drive, None)
    assert counts.tolist() == [0, 0, 2 * 21]
    assert torch.equal(out.sum(dim=(1, 2)), torch.tensor([0.0, 0, 2 * 21]))
    assert torch.all(membrane == 0.25)


def test_counts_without_space():
    lif = LIF(NeuronParams(leak=0.6, threshold=1.2))
    drive = drive_of(STEPS, 4, 9)
    out, membrane, counts = CountingNeurons(lif)(drive, None)
    spikes, wanted = lif(drive)
    assert torch.equal(out, spikes)
    assert torch.equal(membrane, wanted)
    assert counts.tolist() == spikes.sum(dim=(1, 2)).tolist()


def test_gradients_reach_a_learned_leak():
    lif = LIF(NeuronParams(leak=0.7, threshold=0.8, trainable=("leak",)))
    out, _, counts = CountingNeurons(lif, nn.AvgPool2d(2))(drive_of(STEPS, 2, 3, 4, 6), None)
    out.sum().backward()
    assert lif.leak.grad is not None
    assert lif.leak.grad != 0
    assert counts.sum() == 4 * out.sum()


@pytest.mark.parametrize("normed", [False, True])
def test_a_network_gives_the_same_step_by_step_and_at_once(normed):
    network = build_network(
        network_spec("vgg-digits"),
        lambda: LIF(NeuronParams(leak=0.8, threshold=0.9)),
        seed=1,
        init_gain=2.5,
        norm=(lambda width, _: BatchNormThroughTime(STEPS, width)) if normed else None,
    ).eval()
    inputs = (
        torch.rand(STEPS, 6, 1, 8, 8, generator=torch.Generator().manual_seed(3)) > 0.6
    ).float()
    fast = for_inference(network)
    with torch.inference_mode():
        wanted, _, spikes = unroll(network, inputs)
        whole, _, rates = run_counting(fast, inputs)
        first, state, _ = run_counting(fast, inputs[:2])
        second, _, _ = run_counting(fast, inputs[2:], state, start=2)
    torch.testing.assert_close(whole, wanted)
    torch.testing.assert_close(torch.cat([first, second]), whole)
    means = [s.mean(dim=tuple(range(1, s.dim()))).tolist() for s in spikes]
    torch.testing.assert_close(torch.tensor(rates / 6), torch.tensor(means), check_dtype=False)
    assert all(s.mean() > 0 for s in spikes)


@pytest.mark.parametrize(
    "pool",
    [
        nn.AvgPool2d(2, stride=1),
        nn.AvgPool2d((2, 3)),
        nn.AvgPool2d(2, padding=1),
        nn.AvgPool2d(2, ceil_mode=True),
        nn.AvgPool2d(2, divisor_override=3),
    ],
    ids=["stride", "oblong", "padding", "ceil", "divisor"],
)
def test_other_pools_stay_layers_of_their_own(pool):
    network = nn.Sequential(LIF(), pool)
    inputs = drive_of(STEPS, 2, 3, 7, 5)
    with torch.inference_mode():
        out, _, _ = run_counting(for_inference(network), inputs)
        wanted, _, _ = unroll(network, inputs)
    assert torch.equal(out, wanted)


def test_the_network_itself_is_left_alone():
    network = nn.Sequential(nn.Conv2d(1, 16, 3), LIF(), nn.AvgPool2d(2), LIF())
    names = [type(layer).__name__ for layer in for_inference(network)]
    assert names == ["EventConv2d", "CountingNeurons", "CountingNeurons"]
    assert [type(layer).__name__ for layer in network] == ["Conv2d", "LIF", "AvgPool2d", "LIF"]
