"""Tiles read one by one: the kernel against plain sums, and against merged weights."""

import numpy as np
import pytest
import torch
from torch import nn

from xbarsim.errors import ParameterError
from xbarsim.hardware import AdcParams, ReadParams, TiledLayer, reseed, to_crossbar
from xbarsim.hardware.bank import LINEAR
from xbarsim.hardware.geometry import gathered
from xbarsim.hardware.kernel import content_keys
from xbarsim.hardware.tiled import normal_table
from xbarsim.inference import simulate
from xbarsim.mapping import DriverParams, MappingSpec
from xbarsim.mapping.gain import bit_line_gains
from xbarsim.network import LIF, NeuronParams
from xbarsim.parameters import CrossbarParams, EffectParams, RelativeDeviation

CROSSBAR = CrossbarParams(rows=7, cols=5)
FINE = ReadParams(adc=AdcParams(bits=20, share=1.0))
NOISY = EffectParams(read_noise=RelativeDeviation(sigma=0.05))


def spikes(*shape, density=0.3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(shape, generator=generator) < density).float()


def on_tiles(layer, device, *, crossbar=CROSSBAR, reading=FINE, effects=None, **fields):
    return to_crossbar(
        nn.Sequential(layer), crossbar, device, allow_unvalidated=True, reading=reading,
        effects=effects, mapping=MappingSpec(**fields),
    )[0]  # fmt: skip


LAYERS = [
    (nn.Linear(17, 11), (4, 17)),
    (nn.Linear(17, 11), (2, 3, 17)),
    (nn.Conv1d(3, 6, 4, stride=2, padding=3), (2, 3, 9)),
    (nn.Conv2d(3, 8, (3, 2), padding=(1, 0), bias=False), (2, 3, 6, 5)),
    (nn.Conv2d(6, 4, 3, groups=2, stride=(2, 1), dilation=(1, 2), padding=2), (2, 6, 7, 6)),
    (nn.Conv2d(2, 6, 3, groups=2, padding="same"), (1, 2, 5, 4)),
]


@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=lambda x: str(x)[:40])
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"unrolling": "position", "order": "strong_near"},
        {"scheme": "offset", "scale": "tile", "gain": "tile"},
        {"bits_per_cell": 2, "slices": 3, "gain": "none", "unused": "open"},
        {"bits_per_cell": 2, "slices": 2, "gain": "bitline"},
    ],
    ids=["plain", "position", "offset", "sliced", "bitline"],
)
def test_a_fine_converter_gives_what_the_merged_weight_gives(layer, shape, fields, device):
    torch.manual_seed(3)
    x = 0.5 * spikes(*shape) + 0.5 * spikes(*shape, seed=1)
    tiled = on_tiles(layer, device, **fields)
    assert isinstance(tiled, TiledLayer)
    with torch.no_grad():
        torch.testing.assert_close(tiled(x), tiled.layer(x), rtol=1e-4, atol=2e-3)


def test_partial_sums_are_converted_tile_by_tile(device):
    torch.manual_seed(4)
    layer = nn.Conv2d(3, 8, 3, padding=1, bias=False)
    reading = ReadParams(adc=AdcParams(bits=3, share=0.2))
    tiled = on_tiles(layer, device, reading=reading)
    x = spikes(3, 3, 6, 5, density=0.6)
    rows = gathered(layer, x).flatten(1, 2).movedim(1, -1)
    bank, wanted, clipped = tiled.bank, torch.zeros(3, 30, 8), 0
    assert bank.mode == LINEAR
    for tile in range(8):
        down, across = divmod(tile, 2)
        part = rows[..., 7 * down : 7 * down + 7]
        cells = torch.from_numpy(bank.cells[0, tile])[: part.shape[-1]]
        code = (part @ cells).round()
        clipped += int((code.abs() > 3).sum())
        weights = code.clamp(-3, 3) * torch.from_numpy(bank.scale[0, tile])
        width = 5 if across == 0 else 3
        wanted[..., 5 * across : 5 * across + width] += weights[..., :width]
    assert clipped > 0
    found = tiled(x).flatten(2).movedim(1, -1)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)


def test_a_range_is_a_share_of_the_largest_current(device):
    layer = nn.Linear(7, 5, bias=False)
    exact = device.replace(sigma=0.0)
    bits = 6
    whole, half = (
        on_tiles(layer, exact, reading=ReadParams(adc=AdcParams(bits=bits, share=share)))
        for share in (1.0, 0.5)
    )
    codes = np.maximum(whole.bank.cells, 0).sum(axis=2), np.maximum(-whole.bank.cells, 0).sum(2)
    assert max(part.max() for part in codes) == pytest.approx(2 ** (bits - 1) - 1)
    np.testing.assert_allclose(half.bank.cells, 2 * whole.bank.cells, rtol=1e-5)


NO_WIRES = CROSSBAR.replace(r_driver=0, r_wire_row=0, r_wire_col=0, r_sense=0)


@pytest.mark.parametrize(
    ("crossbar", "gain"),
    [(CROSSBAR, "none"), (NO_WIRES, "none"), (CROSSBAR.replace(r_sense=6e3), "bitline")],
)
def test_read_noise_has_the_deviation_of_noisy_cells(device, draw, crossbar, gain):
    """Against brute force: cells drawn anew for every reading, each passed through the array."""
    from xbarsim.fast import effective_conductance

    layer = nn.Linear(7, 5, bias=False)
    if gain == "bitline":  # unequal lines, whose gains are far apart
        nn.init.uniform_(layer.weight, 0.2, 1.0)
    exact = device.replace(sigma=0.0)
    tiled = on_tiles(
        layer, exact, crossbar=crossbar, reading=ReadParams(), effects=NOISY, gain=gain
    )
    x = spikes(1, 7, density=0.6) * torch.tensor([1, 1, 0.5, 1, 1, 0.25, 1])
    found = tiled.over_time(x.expand(20000, 1, 7), 0)[:, 0].numpy()
    from xbarsim.mapping import program_layer

    programmed = program_layer(
        layer.weight.detach().double().numpy(), crossbar, exact, MappingSpec(), lambda g: g
    )
    g = programmed.conductance[:, 0, 0]
    noisy = np.maximum(g * (1 + 0.05 * draw.standard_normal((4000, *g.shape))), 0)
    effective = effective_conductance(noisy, crossbar)
    still = effective_conductance(g, crossbar)[:, None] * programmed.unit.item()
    lines = np.ones((2, 1, 1, 5))
    if gain == "bitline":
        lines = bit_line_gains(programmed.target, still)
    effective *= lines[:, 0]
    brute = (x.numpy() @ (effective[:, 0] - effective[:, 1]))[:, 0] * programmed.unit.item()
    np.testing.assert_allclose(found.std(axis=0), brute.std(axis=0), rtol=0.08)
    np.testing.assert_allclose(
        found.mean(axis=0),
        brute.mean(axis=0),
        atol=4 * brute.std() / 4000**0.5 + 2e-3 * np.abs(brute).max(),
    )
    cross = np.corrcoef(found[1:, 0], found[:-1, 0])[0, 1]
    assert abs(cross) < 0.03


def test_noise_depends_on_step_image_and_seed_and_on_nothing_else(device):
    torch.manual_seed(5)
    net = nn.Sequential(
        nn.Linear(9, 6, bias=False),
        LIF(NeuronParams(leak=0.8, threshold=0.4)),
        nn.Linear(6, 4, bias=False),
    )
    hardware = to_crossbar(net, CROSSBAR, device, allow_unvalidated=True, effects=NOISY)
    images = torch.rand(6, 9, generator=torch.Generator().manual_seed(0))
    whole = simulate(hardware, images, 5)
    assert np.array_equal(whole.logits, simulate(hardware, images, 5, chunk=2).logits)
    other = simulate(reseed(hardware, 77), images, 5)
    assert not np.array_equal(whole.logits, other.logits)
    assert hardware[0].seed != hardware[2].seed
    again = reseed(hardware, 77)
    assert len({again[0].seed, again[2].seed, hardware[0].seed}) == 3
    assert again[0].bank is hardware[0].bank
    layer, x = hardware[0], spikes(2, 3, 9)
    steps = layer.over_time(x[:1].expand(2, 3, 9), 4)
    assert not torch.equal(steps[0], steps[1])
    torch.testing.assert_close(layer.over_time(x[:1], 5)[0], steps[1])
    torch.testing.assert_close(layer.over_time(x[:1, 1:], 4)[0], steps[0, 1:])


def test_random_numbers_are_normal_and_unrelated():
    x = np.zeros((20000, 3), dtype=np.float32)
    x[:, 1] = 1
    keys = np.zeros(20000, dtype=np.uint32)
    content_keys(x, np.arange(20000), np.uint32(3), keys)
    assert len(np.unique(keys)) > 19990
    table = normal_table()
    assert table.std() == pytest.approx(1)
    z = (table[keys >> 20] + table[(keys >> 8) & 4095]) / 2**0.5
    assert z.mean() == pytest.approx(0, abs=0.03)
    assert z.std() == pytest.approx(1, abs=0.02)
    assert (z**4).mean() == pytest.approx(3, abs=0.2)


def test_two_phases_read_negative_inputs_apart(device):
    layer = nn.Linear(7, 5, bias=True)
    coarse = ReadParams(adc=AdcParams(bits=4, share=1.0))
    two = on_tiles(layer, device, reading=coarse, driver=DriverParams(signed="two_phase"))
    one = on_tiles(layer, device, reading=coarse)
    x = spikes(4, 7) - spikes(4, 7, seed=1)
    bias = layer.bias
    wanted = two(x.clamp(min=0)) - two(x.clamp(max=0).neg()) + bias
    torch.testing.assert_close(two(x), wanted)
    assert not torch.equal(two(x), one(x))


def test_gated_rows_follow_the_exact_currents_of_each_pattern(device):
    from xbarsim.fast import effective_conductance
    from xbarsim.mapping import program_layer

    exact = device.replace(sigma=0.0)
    layer = nn.Linear(7, 5, bias=False)
    tiled = on_tiles(layer, exact, reading=ReadParams(ir_drop="activity"), gain="none")
    programmed = program_layer(
        layer.weight.detach().double().numpy(), CROSSBAR, exact, MappingSpec(), lambda g: g
    )
    g = programmed.conductance[:, 0, 0]
    x = spikes(6, 7, density=0.4)
    mask = x.numpy().astype(bool)[:, None]
    effective = effective_conductance(g[None], CROSSBAR, silent_rows="gated", active=mask)
    exact_currents = np.einsum("nr,nsrc->nsc", x.numpy(), effective)
    wanted = (exact_currents[:, 0] - exact_currents[:, 1]) * programmed.unit.item()
    np.testing.assert_allclose(tiled(x).detach().numpy(), wanted, atol=0.01 * np.abs(wanted).max())
    grounded = effective_conductance(g, CROSSBAR)
    plain = x.numpy() @ (grounded[0] - grounded[1]) * programmed.unit.item()
    assert np.abs(plain - wanted).max() > 0.02 * np.abs(wanted).max()
    with pytest.raises(ParameterError, match="negative input"):
        tiled(-x)


def test_what_cannot_be_read_is_refused(device):
    layer = nn.Conv1d(2, 3, 3, padding=1, padding_mode="circular")
    with pytest.raises(ParameterError, match="circular"):
        on_tiles(layer, device)(torch.zeros(1, 2, 5))
    with pytest.raises(ParameterError, match="at least 2"):
        on_tiles(nn.Linear(3, 2), device, reading=ReadParams(adc=AdcParams(bits=1)))
    with pytest.raises(ParameterError, match="without gradients"):
        on_tiles(nn.Linear(3, 2), device)(torch.zeros(1, 3, requires_grad=True))
    with pytest.raises(ParameterError, match="variance is that of grounded rows"):
        on_tiles(nn.Linear(3, 2), device, effects=NOISY, reading=ReadParams(ir_drop="activity"))
