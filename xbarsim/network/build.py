"""This module is the step from a specification to a torch network with freshly drawn weights."""

from collections.abc import Callable

import torch
from torch import nn

from xbarsim.errors import ParameterError
from xbarsim.network.spec import NetworkSpec


def build_network(
    spec: NetworkSpec,
    activation: Callable[[], nn.Module],
    *,
    seed: int,
    init_gain: float = 2.0**0.5,
    norm: Callable[[int, int], nn.Module] | None = None,
    bias: bool = False,
) -> nn.Sequential:
    """Build a network; the last layer has no activation.

    Args:
        spec: Layers.
        activation: Makes the activation after each layer: ``nn.ReLU``, or a neuron.
        seed: Seed of the weights (Kaiming normal with ``init_gain``).
        init_gain: Gain of the initial weights; 2**0.5 keeps the variance through ReLUs.
        norm: Makes the normalisation before each activation from its number of channels and the
            number of axes behind them (2 in convolutional layers, 0 after); none by default.
        bias: Whether layers before an activation have a bias (of zero), as folded ones do.

    Returns:
        The layers in one flat ``nn.Sequential``.
    """
    layers: list[nn.Module] = []
    channels, height, width = spec.input_shape
    for feature in spec.features:
        if feature == "A":
            layers.append(nn.AvgPool2d(2))
            height, width = height // 2, width // 2
            continue
        conv = nn.Conv2d(channels, feature, 3, padding=1, bias=bias)
        layers += [conv, *([norm(feature, 2)] if norm else []), activation()]
        channels = feature
    if height < 1 or width < 1:
        msg = f"{spec.name} pools an image of {spec.input_shape[1:]} down to nothing; pool less"
        raise ParameterError(msg)
    layers.append(nn.Flatten())
    size = channels * height * width
    for out in spec.hidden:
        linear = nn.Linear(size, out, bias=bias)
        layers += [linear, *([norm(out, 0)] if norm else []), activation()]
        size = out
    layers.append(nn.Linear(size, spec.classes, bias=False))
    network = nn.Sequential(*layers)
    _draw_weights(network, seed, init_gain)
    return network


def _draw_weights(network: nn.Module, seed: int, gain: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                fan_in = layer.weight[0].numel()
                layer.weight.normal_(0.0, gain / fan_in**0.5, generator=generator)
                if layer.bias is not None:
                    layer.bias.zero_()
