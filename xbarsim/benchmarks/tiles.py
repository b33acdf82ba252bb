"""This module is the benchmark of reading tile by tile, against plain torch: VGG9, random weights."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from xbarsim.benchmarks.timing import interleaved
from xbarsim.hardware import AdcParams, ReadParams, to_crossbar
from xbarsim.hardware.bank import ACTIVE, TileBank
from xbarsim.hardware.tiled import TiledLayer
from xbarsim.inference import encode_poisson, simulate
from xbarsim.mapping import DriverParams, MappingSpec, plan_layer
from xbarsim.network import LIF, NeuronParams, build_network, leaves, network_spec, unroll
from xbarsim.parameters import EffectParams, RelativeDeviation, load_crossbar, load_device

Figures = dict[str, tuple[float, str]]
_STEPS = 4


def bench_tiles(*, quick: bool) -> Figures:
    """Time VGG9 over time-steps: plain, merged, with converters and noise, with the activity model.

    The first two are driven by events; the others are held against plain torch.
    """
    crossbar = load_crossbar("bhattacharjee2022", rows=64, cols=64)
    device = load_device("bhattacharjee2022")
    neuron = NeuronParams(leak=0.95, threshold=1.0)
    plain = build_network(network_spec("vgg9-cifar10"), lambda: LIF(neuron), seed=0)
    plain.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    images = torch.rand(4 if quick else 16, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    _settle(plain, images)
    noisy = to_crossbar(
        plain, crossbar, device, allow_unvalidated=True,
        reading=ReadParams(adc=AdcParams(bits=8)),
        effects=EffectParams(read_noise=RelativeDeviation(sigma=0.02)),
    )  # fmt: skip
    merged = to_crossbar(plain, crossbar, device, allow_unvalidated=True)
    networks = {"plain": plain, "merged": merged, "converters and noise": noisy}
    networks["activity"] = with_random_activity(plain, (64, 64))
    tasks = {name: _simulation(net, images) for name, net in networks.items()}
    tasks["torch"] = _plain_torch(plain, images)
    seconds = interleaved(tasks, 2 if quick else 5)
    rates = simulate(plain, images, _STEPS).rates.mean(axis=1)
    figures: Figures = {
        "VGG9, merged / plain": (seconds["merged"] / seconds["plain"], "<= 1.1"),
        "VGG9, plain torch / plain": (seconds["torch"] / seconds["plain"], ""),
    }
    for name, bar in {"converters and noise": "<= 6", "activity": "<= 8"}.items():
        figures[f"VGG9, {name} / plain torch"] = (seconds[name] / seconds["torch"], bar)
    figures["VGG9, plain [ms per image and step]"] = (
        1e3 * seconds["plain"] / len(images) / _STEPS, ""
    )  # fmt: skip
    figures["VGG9, mean spikes per neuron and step"] = (float(rates.mean()), "")
    return figures


def _simulation(network: nn.Module, images: torch.Tensor) -> Callable[[], object]:
    return lambda: simulate(network, images, _STEPS)


def _plain_torch(network: nn.Module, images: torch.Tensor) -> Callable[[], object]:
    """Return the same run by torch's own convolutions, a step at a time, nothing skipped."""

    def run() -> None:
        stream, state = torch.Generator().manual_seed(0), None
        with torch.inference_mode():
            for _ in range(_STEPS):
                _, state, spikes = unroll(network, encode_poisson(images, 1, stream), state)
                [float(fired.mean()) for fired in spikes]

    return run


def _settle(network: nn.Module, images: torch.Tensor) -> None:
    """Set every threshold to where one neuron in ten spikes, as trained networks have it."""
    spikes = encode_poisson(images, _STEPS, torch.Generator().manual_seed(1))
    layers = list(leaves(network))
    with torch.inference_mode():
        for k, layer in enumerate(layers):
            if isinstance(layer, LIF):
                drive = unroll(nn.Sequential(*layers[:k]), spikes)[0]
                layer.threshold.fill_(float(drive.flatten()[::97].quantile(0.93)) + 1e-6)


def with_random_activity(network: nn.Module, tile: tuple[int, int]) -> nn.Module:
    """Return a network whose tiles have random models of activity: the time is that of fitted ones."""
    draw = np.random.default_rng(0)
    layers: list[nn.Module] = []
    for layer in leaves(network):
        if not isinstance(layer, nn.Linear | nn.Conv2d):
            layers.append(layer)
            continue
        plan = plan_layer(tuple(layer.weight.shape), tile, MappingSpec())
        planes = plan.cut(layer.weight.detach().double().numpy())
        load = 0.01 * draw.random(planes.shape)
        sides = [np.maximum(planes, 0), np.maximum(-planes, 0), load, load]
        cells = np.stack(sides, axis=-2).reshape(1, *planes.shape[:2], -1).astype(np.float32)
        scale = np.ones((1, len(planes), tile[1]), dtype=np.float32)
        nothing = np.zeros((1, len(planes), 2, tile[1]), dtype=np.float32)
        bank = TileBank(ACTIVE, cells, scale, nothing[..., 0, 0], nothing, 0.0)
        layers.append(TiledLayer(layer, plan, bank, DriverParams(), 0))
    return nn.Sequential(*layers)
