"""The same numbers whatever the batch, the threads, the chunks and the interruptions are.

Bitwise where the docs promise it; elsewhere to a stated tolerance, because sums are taken in another
order.
"""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from xbarsim.fast import effective_conductance, solve_array, tiles
from xbarsim.hardware import ReadParams, to_crossbar
from xbarsim.inference import simulate
from xbarsim.mapping import MappingSpec
from xbarsim.network import LIF, NeuronParams
from xbarsim.parameters import CrossbarParams, EffectParams

CROSSBAR = CrossbarParams(
    rows=24, cols=16, r_driver=300.0, r_wire_row=7.0, r_wire_col=20.0, r_sense=900.0
)


@pytest.fixture
def arrays(draw):
    return draw.uniform(5e-6, 5e-5, (7, *CROSSBAR.shape))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_an_array_is_the_same_alone_and_in_any_batch_bitwise(arrays, dtype, monkeypatch):
    g = arrays.astype(dtype)
    together = effective_conductance(g, CROSSBAR)
    for k in range(len(g)):
        np.testing.assert_array_equal(effective_conductance(g[k], CROSSBAR), together[k])
    for cores in (1, 2, 5):
        monkeypatch.setattr(tiles, "cores", lambda cores=cores: cores)
        for flops in (1, 10**12):
            monkeypatch.setattr(tiles, "_FLOPS_PER_TASK", flops)
            np.testing.assert_array_equal(effective_conductance(g, CROSSBAR), together)


def test_an_input_is_the_same_alone_and_in_any_batch_bitwise(arrays, draw):
    v = draw.uniform(-1, 1, (6, 24))
    together = solve_array(arrays[0], v, CROSSBAR).i_col
    for k in range(6):
        alone = solve_array(arrays[0], v[k : k + 1], CROSSBAR).i_col[0]
        np.testing.assert_allclose(alone, together[k], rtol=0, atol=1e-14 * np.abs(together).max())


@pytest.fixture
def spiking():
    torch.manual_seed(5)
    neuron = NeuronParams(leak=0.83, threshold=0.6, reset="subtract")
    return nn.Sequential(
        nn.Conv2d(1, 5, 3, bias=False), LIF(neuron), nn.Flatten(), nn.Linear(5 * 36, 10, bias=False)
    )


@pytest.fixture
def images():
    return torch.rand(13, 1, 8, 8, generator=torch.Generator().manual_seed(3))


READINGS = {
    "merged": {},
    "tile by tile": {"reading": ReadParams(adc={"bits": 12})},
    "with read noise": {"effects": EffectParams(read_noise={"kind": "relative", "sigma": 0.02})},
}


@pytest.mark.parametrize("name", READINGS)
def test_inference_is_the_same_in_any_batch(name, spiking, images, device):
    """Spikes and decisions are equal; sums of float32 differ in their last digits: 1e-5.

    Random input spikes are drawn batch by batch, so that their batch belongs to the seed.
    """
    options = {"allow_unvalidated": True, "mapping": MappingSpec(), **READINGS[name]}
    hardware = to_crossbar(spiking, CROSSBAR, device, **options)
    found = [
        simulate(hardware, images, 4, seed=2, batch=size, encoder="direct") for size in (13, 5, 1)
    ]
    drawn = [
        simulate(hardware, images, 4, seed=2, chunk=chunk, group=group)
        for chunk, group in ((4, 13), (1, 4), (3, 1))
    ]
    pairs = [(other, found[0]) for other in found] + [(other, drawn[0]) for other in drawn]
    for other, first in pairs:
        np.testing.assert_allclose(other.logits, first.logits, rtol=0, atol=1e-5)
        np.testing.assert_allclose(other.rates, first.rates, rtol=0, atol=1e-6)


def test_inference_repeats_bitwise(spiking, images, device):
    for options in READINGS.values():
        runs = []
        for _ in range(2):
            hardware = to_crossbar(spiking, CROSSBAR, device, allow_unvalidated=True, **options)
            runs.append(simulate(hardware, images, 4, seed=2).logits)
        np.testing.assert_array_equal(*runs)


THREADS = """
import sys
import numpy as np, torch
torch.set_num_threads(int(sys.argv[1]))
from xbarsim.fast import effective_conductance, solve_array
from xbarsim.hardware import ReadParams, to_crossbar
from xbarsim.parameters import CrossbarParams, load_device
crossbar = CrossbarParams(rows=24, cols=16, r_driver=300, r_wire_row=7, r_wire_col=20, r_sense=900)
g = np.random.default_rng(1).uniform(5e-6, 5e-5, (9, 24, 16))
exact = effective_conductance(g, crossbar)
torch.manual_seed(1)
net = torch.nn.Linear(70, 30)
x = torch.rand(40, 70)
tiled = to_crossbar(net, crossbar, load_device("bhattacharjee2022"), allow_unvalidated=True,
                    reading=ReadParams(adc={"bits": 9}))(x).detach().numpy()
np.savez(sys.argv[2], exact=exact, tiled=tiled)
"""


def test_the_number_of_threads_changes_no_bit(tmp_path):
    """Cells, tiles and converters are summed in one order; only torch's own products are not ours."""
    found = []
    for threads in ("1", "3"):
        path = tmp_path / f"{threads}.npz"
        limits = dict.fromkeys(("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"), threads)
        subprocess.run(
            [sys.executable, "-c", THREADS, threads, str(path)],
            env={**os.environ, **limits}, check=True,
        )  # fmt: skip
        with np.load(path, allow_pickle=False) as data:
            found.append({name: data[name] for name in data})
    for name in found[0]:
        np.testing.assert_array_equal(found[0][name], found[1][name])


def test_single_precision_keeps_to_its_stated_envelope(draw):
    """docs/trust.md: below 1e-5 of the largest conductance for arrays up to 64x64 and on/off 100."""
    for size in (8, 32, 64):
        crossbar = CrossbarParams(
            rows=size, cols=size, r_driver=1e3, r_wire_row=5.0, r_wire_col=10.0, r_sense=1e3
        )
        g = np.exp(draw.uniform(np.log(1e-6), np.log(1e-4), (2, size, size)))
        double = effective_conductance(g, crossbar)
        single = effective_conductance(g.astype(np.float32), crossbar)
        assert single.dtype == np.float32
        assert np.abs(single - double).max() < 1e-5 * double.max()
        through_torch = effective_conductance(torch.from_numpy(g.astype(np.float32)), crossbar)
        assert np.abs(through_torch.numpy() - double).max() < 1e-5 * double.max()
