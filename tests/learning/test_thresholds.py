"""Conversion finds the thresholds of Algorithm 1, layer after layer; training repeats by seed."""

import pytest
import torch
from torch import nn

from xbarsim.data import Dataset
from xbarsim.errors import ParameterError, StorageError
from xbarsim.inference import encode_poisson
from xbarsim.learning import (
    convert,
    load_network,
    load_recipe,
    recipe_names,
    save_network,
    search_thresholds,
    train,
)
from xbarsim.network import LIF


@pytest.fixture
def ann():
    torch.manual_seed(2)
    return nn.Sequential(
        nn.Linear(6, 5, bias=False), nn.ReLU(), nn.Linear(5, 4, bias=False), nn.ReLU(),
        nn.Linear(4, 2, bias=False),
    )  # fmt: skip


def test_thresholds_are_the_largest_drives_each_layer_sees(ann):
    images = torch.rand(7, 6, generator=torch.Generator().manual_seed(0))
    spiking = convert(ann, images, 9, seed=5)
    spikes = encode_poisson(images, 9, torch.Generator().manual_seed(5))
    first = spikes @ ann[0].weight.T
    assert spiking[1].threshold == pytest.approx(first.max().item())
    membrane, fired = torch.zeros(7, 5), []
    for drive in first:
        membrane = membrane + drive
        spike = (membrane > first.max()).float()
        membrane = membrane - first.max() * spike
        fired.append(spike)
    second = torch.stack(fired) @ ann[2].weight.T
    assert spiking[3].threshold == pytest.approx(second.max().item())


def test_scaled_weights_give_scaled_thresholds_and_the_same_spikes(ann):
    """Why conversion survives a missing gain when thresholds are searched on the chip."""
    images = torch.rand(7, 6, generator=torch.Generator().manual_seed(0))
    spiking = convert(ann, images, 9)
    scaled = convert(ann, images, 9)
    with torch.no_grad():
        scaled[0].weight *= 0.25
    found = search_thresholds(scaled, images, 9)
    assert found[1].threshold == pytest.approx(0.25 * spiking[1].threshold.item())
    assert found[3].threshold == pytest.approx(spiking[3].threshold.item())


def test_a_percentile_lowers_the_threshold(ann):
    images = torch.rand(50, 6, generator=torch.Generator().manual_seed(0))
    assert (
        convert(ann, images, 9, percentile=95)[1].threshold < convert(ann, images, 9)[1].threshold
    )


def test_a_network_without_relu_is_refused():
    with pytest.raises(ParameterError, match="no ReLU"):
        convert(nn.Sequential(nn.Linear(2, 2)), torch.rand(1, 2), 2)


@pytest.mark.parametrize("name", ["digits-ann", "digits-surrogate"])
def test_training_repeats_by_seed_and_survives_the_disk(name, tmp_path):
    draw = torch.Generator().manual_seed(0)
    images = torch.rand(24, 1, 8, 8, generator=draw)
    labels = torch.randint(0, 10, (24,), generator=draw)
    data = Dataset("tiny", images, labels, images[:4], labels[:4])
    recipe = load_recipe(name, epochs=2, batch=8)
    first, second = train(recipe, data), train(recipe, data)
    other = train(recipe.replace(seed=1), data)
    for key, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[key])
    assert not torch.equal(first[0].weight, other[0].weight)
    save_network(first, recipe, tmp_path / "n.safetensors")
    loaded, made_by = load_network(tmp_path / "n.safetensors")
    assert made_by == recipe
    torch.testing.assert_close(loaded[0].weight, first[0].weight, rtol=1e-3, atol=1e-4)


def test_a_damaged_checkpoint_is_refused(tmp_path):
    path = tmp_path / "n.safetensors"
    path.write_bytes(b"\x08\0\0\0\0\0\0\0{}      ")
    with pytest.raises(StorageError, match="not a checkpoint"):
        load_network(path)


def test_recipes_are_found_by_name():
    assert {"digits-ann", "digits-surrogate"} <= set(recipe_names())
    assert load_recipe("digits-surrogate").neuron.reset == "zero"
    with pytest.raises(ParameterError, match="did you mean 'digits-ann'"):
        load_recipe("digit-ann")


def test_converted_layers_are_integrate_and_fire(ann):
    layers = [m for m in convert(ann, torch.rand(3, 6), 4) if isinstance(m, LIF)]
    assert [(m.params.leak, m.params.reset) for m in layers] == [(1.0, "subtract")] * 2
