"""A scale and an offset of every output, whatever reads the tiles."""

import copy

import pytest
import torch
from torch import nn

from xbarsim.errors import ParameterError
from xbarsim.hardware import AdcParams, ReadParams, TiledLayer, scale_outputs, to_crossbar
from xbarsim.mapping import DriverParams, MappingSpec
from xbarsim.parameters import CrossbarParams, EffectParams, RelativeDeviation

ARRAY = CrossbarParams(rows=7, cols=5)
TWO_PHASE = DriverParams(signed="two_phase")
LEVELS = DriverParams(levels=5, rounding=True)
NOISE = EffectParams(read_noise=RelativeDeviation(sigma=0.05))
READ = [
    ({}, None, {}),
    ({}, None, {"driver": LEVELS}),
    ({"adc": AdcParams(bits=6)}, None, {"order": "strong_near"}),
    ({"adc": AdcParams(bits=6)}, NOISE, {"unrolling": "position", "driver": TWO_PHASE}),
    ({}, NOISE, {"bits_per_cell": 2, "slices": 3, "gain": "bitline"}),
    ({"ir_drop": "activity", "silent_rows": "floating"}, None, {}),
]
LAYERS = [
    (nn.Linear(17, 11, bias=False), (6, 17)),
    (nn.Conv1d(3, 6, 4, stride=2, padding=3), (3, 3, 9)),
    (nn.Conv2d(6, 8, 3, groups=2, stride=(2, 1), padding=2), (2, 6, 7, 6)),
]


@pytest.mark.parametrize(("layer", "shape"), LAYERS, ids=["linear", "conv1d", "conv2d"])
@pytest.mark.parametrize(("reading", "effects", "fields"), READ)
def test_every_output_is_scaled_and_shifted(layer, shape, reading, effects, fields, device):
    chip = to_crossbar(
        nn.Sequential(layer), ARRAY, device, allow_unvalidated=True, encoder="poisson",
        reading=ReadParams(**reading), effects=effects, mapping=MappingSpec(**fields),
    )  # fmt: skip
    stream = torch.Generator().manual_seed(1)
    x = (torch.rand(shape, generator=stream) < 0.4).float()
    if fields.get("driver") is TWO_PHASE:
        x = x * torch.where(torch.rand(shape, generator=stream) < 0.5, -1.0, 1.0)
    n = len(layer.weight)
    scale, offset = 0.5 + torch.rand(n, generator=stream), torch.randn(n, generator=stream)
    found = copy.deepcopy(chip)
    scale_outputs(found[0], scale, offset)
    with torch.inference_mode():
        before, after = chip[0](x), found[0](x)
    across = (1, n, *[1] * (before.dim() - 2))
    want = before * scale.reshape(across) + offset.reshape(across)
    torch.testing.assert_close(after, want, rtol=1e-4, atol=1e-4 * float(want.abs().max()))
    tiled = isinstance(chip[0], TiledLayer)
    assert tiled == bool(effects or reading)
    weights = (each[0].layer.weight if tiled or "driver" in fields else each[0].weight
               for each in (chip, found))  # fmt: skip
    one, other = weights
    torch.testing.assert_close(other, one * scale.reshape(-1, *[1] * (one.dim() - 1)))


def test_other_layers_are_refused():
    with pytest.raises(ParameterError, match="outputs of ReLU cannot be scaled"):
        scale_outputs(nn.ReLU(), torch.ones(3), torch.zeros(3))
