"""This module is how leaks are measured: what a run leaves in memory, after the heap has settled."""

import ctypes
import gc
import sys
import time
from collections.abc import Callable

import numpy as np
import psutil
import torch
from torch import nn

from xbarsim.fast import effective_conductance
from xbarsim.hardware import to_crossbar
from xbarsim.inference import simulate
from xbarsim.network import LIF
from xbarsim.parameters import CrossbarParams, load_device
from xbarsim.spice import spice_currents
from xbarsim.spice.run import Engine

_CROSSBAR = CrossbarParams(rows=8, cols=8)
_POINTS = 10
Task = Callable[[], object]


def leak(name: str, runs: int) -> tuple[float, float]:
    """Return the memory that a run of a kind leaves behind [byte], and its time. [s]

    A tenth of the runs warms up. The memory is the slope of a line through the private memory after
    each further tenth, which one page more or less does not decide.
    """
    task = LEAKS[name]()
    part = max(1, runs // _POINTS)
    _repeat(task, part)
    began = time.perf_counter()
    sizes = [_private()]
    for _ in range(_POINTS):
        _repeat(task, part)
        sizes.append(_private())
    seconds = (time.perf_counter() - began) / (part * _POINTS)
    slope = np.polyfit(part * np.arange(_POINTS + 1), sizes, 1)[0]
    return float(slope), seconds


def _repeat(task: Task, times: int) -> None:
    for _ in range(times):
        task()


def _private() -> float:
    """Return the memory that this process alone holds, without what is free in its heap. [byte]"""
    gc.collect()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
    return float(psutil.Process().memory_full_info().uss)


def _spice(engine: Engine) -> Task:
    draw = np.random.default_rng(0)
    g, v = draw.uniform(5e-6, 5e-5, (8, 8)), draw.uniform(0, 0.1, (5, 8))
    return lambda: spice_currents(g, v, _CROSSBAR, engine=engine, method="sweep")


def _exact() -> Task:
    g = np.random.default_rng(0).uniform(5e-6, 5e-5, (16, 8, 8))
    return lambda: effective_conductance(g, _CROSSBAR)


def _simulation() -> Task:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(30, 20), LIF(), nn.Linear(20, 10))
    device = load_device("bhattacharjee2022")
    hardware = to_crossbar(network, _CROSSBAR, device, allow_unvalidated=True)
    images = torch.rand(8, 30)
    return lambda: simulate(hardware, images, 5)


LEAKS: dict[str, Callable[[], Task]] = {
    "ngspice in this process": lambda: _spice("pyspice"),
    "ngspice as a program": lambda: _spice("batch"),
    "exact solve": _exact,
    "simulation of a network": _simulation,
}
