"""This module is the benchmark against peers: their own code and topology, in their own environment."""

import resource
import time

import numpy as np
from numpy.typing import NDArray

from xbarsim.benchmarks.peer_environment import (
    PACKAGES,
    own_packages,
    peer_python,
    run_peer,
    try_install,
)
from xbarsim.errors import ParameterError
from xbarsim.fast import effective_conductance
from xbarsim.parameters import CrossbarParams, load_crossbar, load_device
from xbarsim.spice import find_ngspice, spice_currents

Figures = dict[str, tuple[float, str]]
Array = NDArray[np.float64]

_BADCROSSBAR = """
import json, sys, time, types, logging
logging.disable(logging.CRITICAL)
sys.modules["badcrossbar.plot"] = types.ModuleType("badcrossbar.plot")
import badcrossbar, numpy as np
g = np.random.default_rng({seed}).uniform({low!r}, {high!r}, ({n}, {n}))
seconds = []
for _ in range({repeats}):
    start = time.perf_counter()
    found = badcrossbar.compute(np.eye({n}), 1 / g, r_i_word_line=5.0, r_i_bit_line=10.0)
    seconds.append(time.perf_counter() - start)
print(json.dumps({{"seconds": sorted(seconds)[len(seconds) // 2],
                   "g_eff": np.asarray(found.currents.output).tolist()}}))
"""

_AIHWKIT = """
import json, time, torch
from aihwkit.nn import AnalogLinear
from aihwkit.simulator.configs import TorchInferenceRPUConfigIRDropT
layer = AnalogLinear({n}, {n}, bias=False, rpu_config=TorchInferenceRPUConfigIRDropT())
layer.eval()
x = torch.eye({n})
layer(x)
start = time.perf_counter()
layer(x)
print(json.dumps({{"seconds": time.perf_counter() - start}}))
"""


def bench_peers(*, quick: bool) -> tuple[Figures, dict[str, str]]:
    """Time one full 64x64 matrix of each peer and of the exact model, and compare what they say.

    badcrossbar and ngspice solve the same circuit; aihwkit's model is another one, so that only
    its time can be compared, and its failure is a note.
    """
    device = load_device("bhattacharjee2022")
    draw = np.random.default_rng(0)
    g = draw.uniform(device.g_min, device.g_max, (64, 64))
    many = draw.uniform(device.g_min, device.g_max, (32 if quick else 256, 64, 64))
    figures, notes = _badcrossbar(g, many, repeats=2 if quick else 5)
    figures |= _ngspice(g, many)
    more, why = _aihwkit(many)
    return figures | more, notes | why


def _own(many: Array, crossbar: CrossbarParams) -> tuple[float, float]:
    """Return wall and processor seconds a tile, the median of five runs over all cores."""
    seconds = []
    effective_conductance(many[:1], crossbar)
    for _ in range(5):
        start = time.perf_counter(), time.process_time()
        effective_conductance(many, crossbar)
        seconds.append((time.perf_counter() - start[0], time.process_time() - start[1]))
    wall, processor = np.median(np.array(seconds), axis=0) / len(many)
    return float(wall), float(processor)


def _badcrossbar(g: Array, many: Array, repeats: int) -> tuple[Figures, dict[str, str]]:
    """Badcrossbar puts one more wire segment before the first and after the last cell."""
    device = load_device("bhattacharjee2022")
    values = {"seed": 0, "low": device.g_min, "high": device.g_max, "n": 64, "repeats": repeats}
    answer = run_peer(peer_python(), _BADCROSSBAR.format(**values))
    crossbar = CrossbarParams(
        rows=64, cols=64, r_driver=5.0, r_wire_row=5.0, r_wire_col=10.0, r_sense=10.0
    )
    wall, _ = _own(many, crossbar)
    theirs = np.array(answer["g_eff"])
    gap = np.abs(effective_conductance(g, crossbar) - theirs).max() / theirs.max()
    figures: Figures = {
        "64x64: badcrossbar, identity input / float64": (answer["seconds"] / wall, ">= 40"),
        "64x64: difference from badcrossbar": (float(gap), "<= 1e-9"),
    }
    return figures, {"badcrossbar": f"{PACKAGES[0]}, one thread, without its drawing module"}


def _ngspice(g: Array, many: Array) -> Figures:
    """Processor seconds: ngspice solves for one input after the other, on one core."""
    crossbar = load_crossbar("bhattacharjee2022", rows=64, cols=64)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = spice_currents(g, np.eye(64), crossbar, engine="batch")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    _, processor = _own(many, crossbar)
    name = "64x64: ngspice transfer matrix / float64, processor seconds"
    gap = np.abs(effective_conductance(g, crossbar) - run.i_col).max() / run.i_col.max()
    bar = ">= 400" if find_ngspice().klu else ""
    return {
        name: (seconds / processor, bar),
        "64x64: difference from ngspice": (float(gap), "<= 1e-9"),
    }


def _aihwkit(many: Array) -> tuple[Figures, dict[str, str]]:
    """Run aihwkit where its wheel fits this Python and torch; say what it answered where not."""
    python = peer_python()
    why = try_install(python, PACKAGES[1])
    if not why:
        try:
            answer = run_peer(python, _AIHWKIT.format(n=64), path=own_packages())
        except ParameterError as error:
            why = str(error)
    if why:
        return {}, {"aihwkit": f"not measured: {why}"}
    wall, _ = _own(many, load_crossbar("bhattacharjee2022", rows=64, cols=64))
    name = "64x64: aihwkit IR drop of 64 inputs / float64 full matrix"
    return {name: (answer["seconds"] / wall, "")}, {
        "aihwkit": f"{PACKAGES[1]}, its time-dependent IR drop, another circuit than ours; with the "
        "torch of xbarsim's own environment"
    }
