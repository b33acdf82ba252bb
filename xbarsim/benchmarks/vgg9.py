"""This module is the benchmark of mapping VGG9: time and memory of chips, and of compensation."""

import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
from torch import nn

from xbarsim.hardware import to_crossbar
from xbarsim.mapping import compensate
from xbarsim.mapping.layer import target_conductance
from xbarsim.network import build_network, network_spec
from xbarsim.parameters import CrossbarParams, DeviceParams, load_crossbar, load_device
from xbarsim.spice import spice_currents

Figures = dict[str, tuple[float, str]]
_SAMPLED = 3


def bench_vgg9(*, quick: bool) -> Figures:
    """Map VGG9 with random weights: one chip in a process of its own, ten chips, compensation."""
    chips = 2 if quick else 10
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        seconds, memory = pool.submit(_one_chip).result()
    network, crossbar, device = _vgg9()
    began = time.perf_counter()
    for chip in range(chips):
        to_crossbar(network, crossbar, device, allow_unvalidated=True, chip=chip)
    many = time.perf_counter() - began
    return {
        "one chip, first time [s]": (seconds, "<= 30"),
        "one chip, peak memory of the process [MiB]": (memory, "<= 2048"),
        f"{chips} chips [s]": (many, "" if quick else "<= 240"),
        **_compensation(network, crossbar, device, layers=3 if quick else 9),
    }


def _vgg9() -> tuple[nn.Module, CrossbarParams, DeviceParams]:
    crossbar = load_crossbar("bhattacharjee2022", rows=64, cols=64)
    network = build_network(network_spec("vgg9-cifar10"), nn.ReLU, seed=0)
    return network, crossbar, load_device("bhattacharjee2022")


def _one_chip() -> tuple[float, float]:
    """Return seconds and peak memory [MiB] of one chip, wires and variation included."""
    network, crossbar, device = _vgg9()
    began = time.perf_counter()
    to_crossbar(network, crossbar, device, allow_unvalidated=True)
    seconds = time.perf_counter() - began
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _compensation(
    network: nn.Module, crossbar: CrossbarParams, device: DeviceParams, layers: int
) -> Figures:
    """Compensate layer by layer, and let ngspice read some of the tiles."""
    draw = np.random.default_rng(0)
    weights = [p.detach().double().numpy() for p in network.parameters() if p.dim() > 1]
    residuals, kept, seconds = [], [], 0.0
    errors: list[float] = []
    for weight in weights[:layers]:
        pairs, _ = target_conductance(weight, crossbar, device)
        began = time.perf_counter()
        found = compensate(pairs, crossbar, device)
        seconds += time.perf_counter() - began
        residuals.append(found.residual)
        kept.append(found.gain / found.uncompensated_gain)
        if len(errors) < _SAMPLED:
            tile = int(draw.integers(pairs.shape[1]))
            v = device.v_read * (draw.random((4, crossbar.rows)) < 0.3)
            sides = [spice_currents(found.conductance[k, tile], v, crossbar).i_col for k in (0, 1)]
            wanted = found.gain * v @ (pairs[0, tile] - pairs[1, tile])
            errors.append(float(np.abs(sides[0] - sides[1] - wanted).max() / np.abs(sides).max()))
    return {
        f"compensation of {layers} layers [s]": (seconds, "<= 300"),
        "compensation, largest residual": (max(residuals), "<= 1e-6"),
        "compensation, gain over the uncompensated one, least": (min(kept), ""),
        f"compensation, ngspice on {len(errors)} tiles: error of full scale": (
            max(errors),
            "<= 1e-5",
        ),
    }
