"""Convolution driven by events is torch's convolution, whatever an image's company is."""

import pytest
import torch
from torch import nn

from xbarsim.network.event_linear import EventLinear, takes_vectors_of_events
from xbarsim.network.events import EventConv2d, takes_events


def layer_of(channels, outputs, kernel=(3, 3), *, bias=False, **options):
    """A layer whose weights are multiples of 1/64, so that sums are exact in any order."""
    layer = nn.Conv2d(channels, outputs, kernel, bias=bias, **options)
    stream = torch.Generator().manual_seed(5)
    for tensor in layer.parameters():
        tensor.data.copy_(torch.randint(-64, 65, tensor.shape, generator=stream) / 64)
    return layer


def spikes_of(*shape, share=0.1, seed=1):
    """Spikes of five levels, as average pooling leaves them."""
    stream = torch.Generator().manual_seed(seed)
    levels = torch.randint(1, 5, shape, generator=stream) / 4
    return levels * (torch.rand(shape, generator=stream) < share)


@pytest.mark.parametrize("outputs", [16, 32, 48, 64, 192])
@pytest.mark.parametrize(
    ("kernel", "options"),
    [
        ((3, 3), {"padding": 1}),
        ((3, 2), {"padding": (0, 1), "stride": (2, 1)}),
        ((1, 4), {"padding": (2, 3), "bias": True}),
        ((5, 3), {"padding": (4, 2), "stride": (3, 2), "bias": True}),
    ],
    ids=["same", "strided", "wide", "outside"],
)
def test_equals_torch(outputs, kernel, options):
    layer = layer_of(3, outputs, kernel, **options)
    x = spikes_of(4, 3, 7, 5)
    with torch.inference_mode():
        torch.testing.assert_close(EventConv2d(layer)(x), layer(x), rtol=0, atol=0)


@pytest.mark.parametrize("share", [0.0, 0.02, 0.9])
def test_equals_torch_at_any_density(share):
    layer = layer_of(20, 32, padding=1, bias=True)
    x = spikes_of(3, 20, 9, 6, share=share)
    with torch.inference_mode():
        assert torch.equal(EventConv2d(layer)(x), layer(x))


def test_few_and_many_events_in_one_batch():
    layer = layer_of(6, 16, padding=1)
    x = torch.cat([spikes_of(1, 6, 8, 5, share=s, seed=k) for k, s in enumerate((0.9, 0.05, 1, 0))])
    with torch.inference_mode():
        assert torch.equal(EventConv2d(layer)(x), layer(x))


def test_an_image_does_not_depend_on_its_company():
    layer = nn.Conv2d(24, 64, 3, padding=1)
    event = EventConv2d(layer)
    few, many = spikes_of(4, 24, 12, 10, share=0.05), spikes_of(4, 24, 12, 10, share=0.8)
    with torch.inference_mode():
        alone = torch.cat([event(x[None]) for x in few])
        together = event(torch.stack([few, many], dim=1).flatten(0, 1))[::2]
        torch.testing.assert_close(alone, layer(few))
    assert torch.equal(alone, together)


def test_results_do_not_depend_on_threads():
    event = EventConv2d(nn.Conv2d(64, 64, 3, padding=1))
    x = spikes_of(16, 64, 14, 11, share=0.08)
    before = torch.get_num_threads()
    results = []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            with torch.inference_mode():
                results.append(event(x))
    finally:
        torch.set_num_threads(before)
    assert torch.equal(*results)


def test_other_numbers_and_gradients_go_to_torch():
    layer = layer_of(3, 16, padding=1)
    event = EventConv2d(layer)
    x = spikes_of(2, 3, 6, 5).requires_grad_()
    weights = torch.rand(2, 16, 6, 5)
    (ours,) = torch.autograd.grad((event(x) * weights).sum(), x)
    (wanted,) = torch.autograd.grad((layer(x) * weights).sum(), x)
    assert torch.equal(ours, wanted)
    double = layer.double()
    with torch.inference_mode():
        assert torch.equal(EventConv2d(double)(x.detach().double()), double(x.detach().double()))


@pytest.mark.parametrize(
    "options",
    [
        {"groups": 2},
        {"dilation": 2},
        {"padding": "same"},
        {"padding_mode": "circular", "padding": 1},
        {"out_channels": 20},
    ],
    ids=lambda options: next(iter(options)),
)
def test_other_layers_are_left_to_torch(options):
    fields = {"in_channels": 4, "out_channels": 16, "kernel_size": 3, **options}
    assert not takes_events(nn.Conv2d(**fields))
    assert takes_events(nn.Conv2d(4, 16, 3))


def linear_of(inputs, outputs, *, bias):
    """A fully connected layer whose sums are exact in any order."""
    layer = nn.Linear(inputs, outputs, bias=bias)
    stream = torch.Generator().manual_seed(6)
    for tensor in layer.parameters():
        tensor.data.copy_(torch.randint(-64, 65, tensor.shape, generator=stream) / 64)
    return layer


@pytest.mark.parametrize(("outputs", "bias"), [(16, True), (96, False), (192, True)])
def test_a_product_equals_torchs_at_any_density(outputs, bias):
    layer = linear_of(50, outputs, bias=bias)
    x = torch.cat([spikes_of(3, 50, share=s, seed=k) for k, s in enumerate((0, 0.06, 0.9))])
    with torch.inference_mode():
        assert torch.equal(EventLinear(layer)(x), layer(x))
        assert torch.equal(EventLinear(layer)(x[:6]), layer(x[:6]))
        assert torch.equal(EventLinear(layer)(x[6:]), layer(x[6:]))


def test_a_vector_does_not_depend_on_its_company():
    event = EventLinear(nn.Linear(300, 64))
    few, many = spikes_of(5, 300, share=0.04), spikes_of(5, 300, share=0.9)
    with torch.inference_mode():
        alone = torch.cat([event(x[None]) for x in few])
        together = event(torch.stack([few, many], dim=1).flatten(0, 1))[::2]
        torch.testing.assert_close(alone, event.layer(few))
    assert torch.equal(alone, together)


def test_gradients_go_to_the_layer_that_events_stand_for():
    layer = linear_of(40, 16, bias=True)
    EventLinear(layer)(spikes_of(2, 40, share=0.05)).sum().backward()
    assert layer.weight.grad is not None


@pytest.mark.parametrize(
    ("layer", "whether"),
    [
        (nn.Linear(4096, 16), True),
        (nn.Linear(4096, 24), False),
        (nn.Linear(4095, 16), False),
        (nn.Linear(4096, 16).double(), False),
        (nn.Conv2d(64, 64, 3), False),
    ],
    ids=["large", "odd outputs", "small", "double", "convolution"],
)
def test_which_products_events_drive(layer, whether):
    assert takes_vectors_of_events(layer) is whether
