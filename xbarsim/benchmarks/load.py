"""This module is the benchmark of load: many SPICE outputs, a hundred million weights, many images."""

import json
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from xbarsim.benchmarks.growth import LEAKS, leak
from xbarsim.benchmarks.memory import peak_of
from xbarsim.campaign import ResultStore, drawn_cases, run_campaign
from xbarsim.hardware import stream_to_crossbar, to_crossbar
from xbarsim.inference import simulate
from xbarsim.network import LIF, build_network, network_spec
from xbarsim.parameters import load_crossbar, load_device
from xbarsim.storage import whole_file

Figures = dict[str, tuple[float, str]]
T = TypeVar("T")

_PRESET = "bhattacharjee2022"
_DAY = 86400.0


def bench_load(*, quick: bool) -> Figures:
    """Measure long campaigns, large networks, many images, and what a thousand runs leave behind."""
    return {
        **_campaign(cases=16 if quick else 50),
        **_weights(layers=1 if quick else 25),
        **_images(count=200 if quick else 10_000),
        **_leaks(runs=60 if quick else 1000),
    }


def _campaign(cases: int) -> Figures:
    """Run circuits of 64 columns under 32 vectors on two workers."""
    crossbar, device = load_crossbar(_PRESET, rows=16, cols=64), load_device(_PRESET)
    every = drawn_cases(device, crossbar, cases=cases, vectors=32)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        result = run_campaign(every, ResultStore(Path(folder)), workers=2, show=False)
        seconds = time.perf_counter() - began
        outputs = sum(result.currents(k).i_col.size for k in range(cases))
    return {
        "campaign: SPICE outputs": (outputs, ""),
        "campaign: time [s]": (seconds, ""),
    }


def _weights(layers: int, side: int = 2048) -> Figures:
    """Map layers of side x side weights from file to file, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in.safetensors"
        _write_weights(source, layers, side)
        peak, seconds = _alone(_mapped, str(source))
    return {
        "mapping: weights": (float(layers * side**2), ""),
        "mapping: peak memory of the process [GiB]": (peak / 2**30, "< 4"),
        "mapping: time [s]": (seconds, ""),
    }


def _write_weights(path: Path, layers: int, side: int) -> None:
    """Write a file of weights without holding them."""
    size = 4 * side**2
    head = json.dumps({
        f"{k}.weight": {
            "dtype": "F32", "shape": [side, side], "data_offsets": [k * size, (k + 1) * size]
        }
        for k in range(layers)
    }).encode()  # fmt: skip
    with whole_file(path) as stream:
        stream.write(len(head).to_bytes(8, "little") + head)
        for k in range(layers):
            draw = np.random.default_rng(k)
            stream.write(draw.standard_normal((side, side), dtype=np.float32).tobytes())


def _mapped(source: str) -> tuple[float, float]:
    crossbar, device = load_crossbar(_PRESET, rows=64, cols=64), load_device(_PRESET)
    began = time.perf_counter()
    target = Path(source).with_name("out.safetensors")
    stream_to_crossbar(Path(source), target, crossbar, device, allow_unvalidated=True)
    return peak_of(), time.perf_counter() - began


def _images(count: int) -> Figures:
    """Run the digits network on crossbars on many images; memory must not grow with their number."""
    few, many, seconds = _alone(_run_images, count)
    return {
        "inference: images": (count, ""),
        "inference: time [s]": (seconds, ""),
        "inference: growth of peak memory over a tenth of them [MiB]": ((many - few) / 2**20, ""),
    }


def _run_images(count: int) -> tuple[float, float, float]:
    crossbar, device = load_crossbar(_PRESET, rows=64, cols=64), load_device(_PRESET)
    plain = build_network(network_spec("vgg-digits"), LIF, seed=0)
    network = to_crossbar(plain, crossbar, device, allow_unvalidated=True)
    images = torch.rand(count, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    simulate(network, images[: count // 10], 10)
    few = peak_of()
    began = time.perf_counter()
    simulate(network, images, 10)
    return few, peak_of(), time.perf_counter() - began


def _leaks(runs: int) -> Figures:
    """Count what a thousand runs leave in memory, and what a day of them would."""
    figures: Figures = {}
    for name in LEAKS:
        per_run, seconds = _alone(leak, name, runs)
        figures[f"leak: {name} [MB per 1000 runs]"] = (1000 * per_run / 1e6, "< 1")
        # A process that shrank says nothing of a day in which it would go on to.
        day = max(per_run, 0.0) * _DAY / seconds / 1e6
        figures[f"leak: {name} [MB in 24 h of nothing else]"] = (day, "")
    return figures


def _alone(task: Callable[..., T], *arguments: object) -> T:
    """Run a task in a fresh process, so that memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(task, *arguments).result()
