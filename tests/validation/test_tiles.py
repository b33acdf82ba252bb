"""A network's own tiles: as the mapping programs them, judged like any other circuit."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from xbarsim.errors import ParameterError, StorageError
from xbarsim.validation import load_case, validate
from xbarsim.validation.decks import worst_deck
from xbarsim.validation.tiles import network_tiles


@pytest.fixture
def case(tmp_path, draw):
    weights = {
        "0.weight": draw.standard_normal((7, 2, 3, 3)).astype(np.float32),
        "0.bias": np.zeros(7, dtype=np.float32),
        "1.weight": draw.standard_normal((3, 7)).astype(np.float32),
    }
    save_file(weights, tmp_path / "net.safetensors")
    path = tmp_path / "case.toml"
    path.write_text(
        'network = "net.safetensors"\nnetwork_tiles = 3\nsizes = [[5, 4]]\ncircuits = 1\nvectors = 2'
    )
    return load_case(path)


@pytest.mark.spice
def test_tiles_of_a_checkpoint_are_judged_first(case):
    found = validate(case)
    names = [c.name for c in found.circuits]
    assert len(names) == 4
    assert names[0].startswith("5x4-0.weight-tile")
    assert names[-1] == "5x4-uniform-0"
    assert found.passed
    assert len(found.network_sha256) == 64
    assert "worst for exact" in worst_deck(found)


def test_every_layer_and_both_signs_come_up_within_the_device_range(case):
    setting = case.resolved()
    tiles, _ = network_tiles(case.replace(network_tiles=4), setting)
    assert {name.split("-")[1] for name in tiles} == {"0.weight", "1.weight"}
    assert {name.split("-")[3] for name in tiles} == {"pos", "neg"}
    for g in tiles.values():
        assert g.shape == (5, 4)
        assert setting.device.g_min / 3 < g.min() < g.max() < 3 * setting.device.g_max


def test_a_file_that_is_no_checkpoint_is_refused(case, tmp_path):
    path = tmp_path / "x.safetensors"
    with pytest.raises(StorageError, match="cannot read"):
        network_tiles(case.replace(network=str(path)), case.resolved())
    path.write_text("nonsense")
    with pytest.raises(StorageError, match="not a checkpoint"):
        network_tiles(case.replace(network=str(path)), case.resolved())
    save_file({"bias": np.zeros(3)}, path)
    with pytest.raises(ParameterError, match="no tensor of two or more"):
        network_tiles(case.replace(network=str(path)), case.resolved())
