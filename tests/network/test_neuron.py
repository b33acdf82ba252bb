"""The layer over many steps is the step function repeated, in spikes and in gradients."""

from itertools import product

import pytest
import torch

from xbarsim.network import LIF, NeuronParams, fused, lif_step, threads

CASES = [
    NeuronParams(leak=0.83, threshold=1.3, reset=reset, surrogate=surrogate, detach_reset=detach)
    for reset, surrogate, detach in product(
        ("subtract", "zero"), ("triangle", "rectangle"), (True, False)
    )
]


def by_steps(drive, membrane, layer):
    spikes = []
    for x in drive:
        fired, membrane = lif_step(x, membrane, layer.threshold, layer.params, layer.leak)
        spikes.append(fired)
    return torch.stack(spikes), membrane


@pytest.mark.parametrize("params", CASES, ids=str)
def test_inference_gives_the_spikes_of_step_mode(params):
    drive = torch.randn(9, 4, 3, 5, 5, generator=torch.Generator().manual_seed(1))
    membrane = torch.rand(4, 3, 5, 5, generator=torch.Generator().manual_seed(2))
    layer, before = LIF(params), membrane.clone()
    with torch.inference_mode():
        spikes, after = layer(drive, membrane)
    wanted, last = by_steps(drive, membrane, layer)
    assert 0.05 < spikes.mean() < 0.95
    assert torch.equal(spikes, wanted)
    assert torch.equal(after, last)
    assert torch.equal(membrane, before), "the caller's membrane must not change"


@pytest.mark.parametrize("params", CASES, ids=str)
def test_gradients_are_those_of_step_mode(params):
    layer = LIF(params.replace(trainable=("leak", "threshold"))).double()
    drive = torch.randn(6, 3, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    membrane = torch.rand(3, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    weights = torch.rand(6, 3, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    results = []
    for run in (layer, lambda x, v: by_steps(x, v, layer)):
        x, v = drive.clone().requires_grad_(), membrane.clone().requires_grad_()
        spikes, last = run(x, v)
        loss = (spikes * weights).sum() + (last**2).sum()
        results.append(torch.autograd.grad(loss, (x, v, layer.leak, layer.threshold)))
    for ours, wanted in zip(*results, strict=True):
        torch.testing.assert_close(ours, wanted)


@pytest.mark.parametrize("params", CASES, ids=str)
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_compiled_loop_gives_gradients_of_step_mode(params, layout, monkeypatch):
    """Without anything to learn the layer is one compiled loop, in several threads."""
    monkeypatch.setattr(threads, "_COST_PER_THREAD", 1)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    layer = LIF(params).double()
    stream = torch.Generator().manual_seed(7)
    shape = (4 * 3, 5, 7, 2)
    drive, weights = (
        torch.randn(shape, dtype=torch.float64, generator=stream)
        .contiguous(memory_format=layout)
        .view(4, 3, *shape[1:])
        for _ in range(2)
    )
    membrane = torch.rand(3, 5, 7, 2, dtype=torch.float64, generator=stream)
    assert fused.is_fusable(drive, layer.leak, layer.threshold)
    results = []
    for run in (layer, lambda x, v: by_steps(x, v, layer)):
        x, v = drive.clone().requires_grad_(), membrane.clone().requires_grad_()
        spikes, last = run(x, v)
        loss = (spikes * weights).sum() + (last**2 * membrane).sum()
        results.append((spikes, last, *torch.autograd.grad(loss, (x, v))))
    assert torch.equal(results[0][0], results[1][0])
    assert 0.05 < results[0][0].mean() < 0.95
    for ours, wanted in zip(*results, strict=True):
        torch.testing.assert_close(ours, wanted)


def test_spikes_alone_may_have_a_gradient():
    layer = LIF(NeuronParams(leak=0.9, threshold=0.7, reset="zero"))
    drive = torch.randn(5, 2, 4, generator=torch.Generator().manual_seed(6)).requires_grad_()
    spikes, last = layer(drive)
    (by_spikes,) = torch.autograd.grad(spikes[1].sum(), drive, retain_graph=True)
    (by_membrane,) = torch.autograd.grad(last.sum(), drive)
    assert (by_spikes[2:] == 0).all()
    assert by_spikes[:2].abs().sum() > 0
    assert by_membrane[-1].abs().sum() > 0


def test_learned_leak_and_threshold_are_parameters_and_fixed_ones_are_not():
    assert not list(LIF().parameters())
    learned = LIF(NeuronParams(leak=0.5, trainable=("leak",)))
    assert [name for name, _ in learned.named_parameters()] == ["leak"]
    assert "leak=0.5" in repr(learned)


def test_splitting_the_time_axis_changes_nothing():
    layer = LIF(NeuronParams(leak=0.9, threshold=0.7, reset="zero"))
    drive = torch.randn(8, 2, 4, generator=torch.Generator().manual_seed(6))
    whole, last = layer(drive)
    first, state = layer(drive[:3])
    second, end = layer(drive[3:], state)
    assert torch.equal(whole, torch.cat([first, second]))
    assert torch.equal(last, end)


def test_half_precision_drive_is_added_up_in_single_precision():
    layer = LIF(NeuronParams(leak=1.0, threshold=1.0))
    drive = torch.full((300, 1, 1), 1 / 256, dtype=torch.bfloat16)
    spikes, membrane = layer(drive)
    assert membrane.dtype == torch.float32
    assert float(spikes.sum()) == 1
