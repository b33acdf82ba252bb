"""Weights streamed from file to file are those of ``to_crossbar``, layer by layer."""

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from xbarsim.errors import OutOfValidatedRangeError, ParameterError, StorageError
from xbarsim.hardware import layer_summaries, stream_to_crossbar, to_crossbar
from xbarsim.mapping import MappingSpec


@pytest.fixture
def network():
    torch.manual_seed(3)
    middle = [nn.Linear(6, 6) for _ in range(9)]
    return nn.Sequential(nn.Conv2d(2, 4, 3), nn.Flatten(), nn.Linear(16, 6), *middle)


@pytest.mark.parametrize("spec", [MappingSpec(), MappingSpec(tile=(7, 4), scheme="offset")])
def test_it_maps_as_the_whole_network_is_mapped(network, spec, crossbar, device, tmp_path):
    """Layers 2 and 10 are told apart as numbers, so that each gets its own cells."""
    source, target = tmp_path / "in.safetensors", tmp_path / "out.safetensors"
    save_file(network.state_dict(), source)
    done = []
    options = {"allow_unvalidated": True, "mapping": spec, "chip": 2, "seed": 5}
    summaries = stream_to_crossbar(
        source, target, crossbar, device, on_layer=done.append, **options
    )  # fmt: skip
    whole = to_crossbar(network, crossbar, device, **options)
    wanted, found = whole.state_dict(), load_file(target)
    assert found.keys() == wanted.keys()
    for name in wanted:
        torch.testing.assert_close(found[name], wanted[name], rtol=0, atol=0)
    assert [s.name for s in summaries] == [s.name for s in layer_summaries(whole)]
    assert len(done) == 11


def test_it_needs_evidence_layers_and_a_file(crossbar, device, tmp_path):
    source, target = tmp_path / "in.safetensors", tmp_path / "out.safetensors"
    save_file({"bias": torch.zeros(3)}, source)
    with pytest.raises(ParameterError, match="holds no weights of two or more dimensions"):
        stream_to_crossbar(source, target, crossbar, device, allow_unvalidated=True)
    with pytest.raises(OutOfValidatedRangeError):
        stream_to_crossbar(source, target, crossbar.replace(r_sense=1e6), device)
    source.write_bytes(b"nonsense")
    with pytest.raises(StorageError, match="is not a file of weights"):
        stream_to_crossbar(source, target, crossbar, device, allow_unvalidated=True)
    assert not target.exists()
