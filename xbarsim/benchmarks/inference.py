"""This module is the benchmark of inference with mapped weights against plain weights."""

import torch

from xbarsim.benchmarks.timing import interleaved
from xbarsim.hardware import to_crossbar
from xbarsim.inference import simulate
from xbarsim.network import LIF, build_network, network_spec
from xbarsim.parameters import load_crossbar, load_device

Figures = dict[str, tuple[float, str]]


def bench_inference(*, quick: bool) -> Figures:
    """Time the digits SNN over 20 steps with plain and with mapped weights, same spikes in."""
    crossbar = load_crossbar("bhattacharjee2022", rows=64, cols=64)
    device = load_device("bhattacharjee2022")
    plain = build_network(network_spec("vgg-digits"), LIF, seed=0)
    mapped = to_crossbar(plain, crossbar, device, allow_unvalidated=True)
    images = torch.rand(64, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    seconds = interleaved(
        {
            "mapped": lambda: simulate(mapped, images, 20),
            "plain": lambda: simulate(plain, images, 20),
        },
        repeats=3 if quick else 15,
    )
    return {"mapped / plain": (seconds["mapped"] / seconds["plain"], "<= 1.1")}
