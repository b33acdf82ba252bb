"""This module is the one door for networks of any kind."""

from pathlib import Path
from typing import Any

from torch import Tensor, nn

from xbarsim.errors import ParameterError
from xbarsim.exchange.nir_read import from_nir
from xbarsim.exchange.norse import from_norse
from xbarsim.exchange.onnx_read import from_onnx
from xbarsim.exchange.origin import frameworks_in
from xbarsim.exchange.snntorch import from_snntorch
from xbarsim.exchange.spikingjelly import from_spikingjelly

_READERS = {"snntorch": from_snntorch, "spikingjelly": from_spikingjelly, "norse": from_norse}
_GRAPHS = {"nir": from_nir, "onnx": from_onnx}


def as_network(source: Any, sample: Tensor | None = None) -> nn.Module:  # noqa: ANN401
    """Return a network that xbarsim runs: converted where another framework made it.

    Args:
        source: Module of plain torch (returned as it is), of snnTorch, SpikingJelly or Norse; a NIR
            graph, an ONNX model, or the path of a file of one of them (.nir, .onnx).
        sample: Input that the module takes, where its layers are not in an ``nn.Sequential``.

    Raises:
        ParameterError: If the source is of no such kind, or mixes frameworks.
    """
    if isinstance(source, str | Path):
        return (from_onnx if Path(source).suffix == ".onnx" else from_nir)(source)
    if not isinstance(source, nn.Module):
        home = type(source).__module__.split(".")[0]
        if home in _GRAPHS:
            return _GRAPHS[home](source)
        msg = (
            f"a {type(source).__name__} is no network; pass a torch, snnTorch, SpikingJelly or "
            "Norse module, a NIR graph, an ONNX model, or the path of a .nir or .onnx file"
        )
        raise ParameterError(msg)
    found = frameworks_in(source)
    if len(found) > 1:
        msg = (
            f"the network mixes {' and '.join(found)}; convert it by hand, one framework at a time"
        )
        raise ParameterError(msg)
    return _READERS[found[0]](source, sample) if found else source
