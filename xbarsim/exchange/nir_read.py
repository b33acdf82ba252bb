"""This module is how NIR graphs and files become xbarsim's networks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xbarsim.errors import ParameterError, StorageError
from xbarsim.exchange.extras import needed
from xbarsim.exchange.layers import Scale
from xbarsim.exchange.neuron import Timing, neuron
from xbarsim.exchange.synaptic import SynapticLIF
from xbarsim.network import BatchNormThroughTime, NeuronParams

DEFAULT_DT = 1e-4
"""Time-step that the tools around NIR use when a file does not say one [s]."""


def from_nir(source: Any, dt: float | None = None) -> nn.Sequential:  # noqa: ANN401
    r"""Return a NIR graph as xbarsim's layers and neurons.

    NIR's neurons live in continuous time; a forward Euler step makes $\lambda = 1 - \mathrm{d}t/\tau$
    and $k = R\,\mathrm{d}t/\tau$ of them, for IF $\lambda = 1$ and $k = R\,\mathrm{d}t$, and for the
    current of CubaLIF $\alpha = 1 - \mathrm{d}t/\tau_\mathrm{syn}$, as in the other tools (J. E.
    Pedersen et al. 2024, DOI 10.1038/s41467-024-52259-9). What NIR lacks (reset by subtraction, batch
    norm through time) is read from the metadata that ``to_nir`` writes.

    Args:
        source: NIR graph, or path of a .nir file.
        dt: Length of a time-step; by default that of the metadata, else 1e-4. [s]

    Raises:
        ParameterError: If the graph is no chain, or a node cannot be expressed; it is named.
        StorageError: If the file cannot be read.
        MissingPackageError: If the package nir is not installed.
    """
    graph = read_graph(source) if isinstance(source, str | Path) else source
    layers: list[nn.Module] = []
    for name, node in _chain(graph):
        make = _MAKERS.get(type(node).__name__)
        if make is None:
            msg = (
                f"node {name!r} is a NIR {type(node).__name__}, which xbarsim cannot express; known "
                f"are {', '.join(_MAKERS)}"
            )
            raise ParameterError(msg)
        layers.append(make(node, name, dt))
    if not layers:
        msg = "the NIR graph has no layer between its input and its output"
        raise ParameterError(msg)
    return nn.Sequential(*layers).eval()


def read_graph(path: str | Path) -> Any:  # noqa: ANN401
    """Read a NIR file."""
    nir = needed("nir", "nir", "NIR files")
    try:
        return nir.read(path)
    except Exception as error:  # HDF5 raises anything on a damaged file
        msg = f"{path} is not a NIR file that nir {nir.version} reads: {error}"
        raise StorageError(msg) from error


def _chain(graph: Any) -> list[tuple[str, Any]]:  # noqa: ANN401
    """Return the nodes between input and output in order, sub-graphs opened."""
    after: dict[str, list[str]] = {}
    for start, end in graph.edges:
        after.setdefault(start, []).append(end)
    entered = [end for ends in after.values() for end in ends]
    begins = [name for name in graph.nodes if name not in entered]
    if len(begins) != 1:
        msg = f"the NIR graph begins at {begins or 'no node'}; xbarsim runs chains with one begin"
        raise ParameterError(msg)
    chain: list[tuple[str, Any]] = []
    name, seen = begins[0], {begins[0]}
    while True:
        node = graph.nodes[name]
        kind = type(node).__name__
        if kind == "NIRGraph":
            chain += [(f"{name}.{inner}", found) for inner, found in _chain(node)]
        elif kind not in ("Input", "Output"):
            chain.append((name, node))
        following = after.get(name, [])
        if not following:
            break
        if len(following) > 1 or following[0] in seen:
            msg = f"node {name!r} feeds {following}; xbarsim runs chains, without branches or loops"
            raise ParameterError(msg)
        name = following[0]
        seen.add(name)
    if len(seen) != len(graph.nodes):
        msg = f"nodes {sorted(set(graph.nodes) - seen)} are not reached from {begins[0]!r}"
        raise ParameterError(msg)
    return chain


def _array(value: Any) -> NDArray[np.float64]:  # noqa: ANN401
    """Return a parameter as numbers; Norse's graphs hold torch tensors."""
    plain = value.numpy(force=True) if isinstance(value, Tensor) else value
    return np.array(plain, dtype=np.float64)


def _tensor(value: Any) -> Tensor:  # noqa: ANN401
    return torch.from_numpy(_array(value)).float()


def _linear(node: Any, name: str, dt: float | None) -> nn.Module:  # noqa: ANN401, ARG001
    weight = _tensor(node.weight)
    bias = getattr(node, "bias", None)
    layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    return _filled(layer, weight, bias)


def _conv(node: Any, name: str, dt: float | None) -> nn.Module:  # noqa: ANN401, ARG001
    weight = _tensor(node.weight)
    kind: Any = nn.Conv1d if weight.dim() == 3 else nn.Conv2d
    has_bias = node.bias is not None and bool(_array(node.bias).any())
    layer = kind(
        weight.shape[1] * int(node.groups), weight.shape[0], tuple(weight.shape[2:]),
        stride=_size(node.stride), padding=_size(node.padding), dilation=_size(node.dilation),
        groups=int(node.groups), bias=has_bias,
    )  # fmt: skip
    return _filled(layer, weight, node.bias if has_bias else None)


def _filled(layer: Any, weight: Tensor, bias: Any) -> nn.Module:  # noqa: ANN401
    with torch.no_grad():
        layer.weight.copy_(weight)
        if bias is not None:
            layer.bias.copy_(_tensor(bias))
    return cast("nn.Module", layer)


def _size(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str | bytes):
        return value.decode() if isinstance(value, bytes) else value
    sizes = [int(v) for v in np.atleast_1d(value)]
    return sizes[0] if len(sizes) == 1 else tuple(sizes)


def _pool(node: Any, name: str, dt: float | None) -> nn.Module:  # noqa: ANN401, ARG001
    divisor = 1 if type(node).__name__ == "SumPool2d" else None
    return nn.AvgPool2d(
        _size(node.kernel_size), _size(node.stride), _size(node.padding), divisor_override=divisor
    )


def _flatten(node: Any, name: str, dt: float | None) -> nn.Module:  # noqa: ANN401, ARG001
    if int(node.start_dim) not in (0, 1) or int(node.end_dim) != -1:
        rank = len(np.atleast_1d(node.input_type["input"]))
        if (int(node.start_dim), int(node.end_dim)) != (0, rank - 1):
            msg = f"node {name!r} flattens axes {node.start_dim} to {node.end_dim}; only all can be"
            raise ParameterError(msg)
    return nn.Flatten()


def _scale(node: Any, name: str, dt: float | None) -> nn.Module:  # noqa: ANN401, ARG001
    meta = node.metadata
    if "gamma" not in meta:
        return Scale(_tensor(node.scale))
    gamma = _tensor(meta["gamma"])
    layer = BatchNormThroughTime(*gamma.shape)
    layer.load_state_dict(
        {key: _tensor(meta[key]) for key in ("gamma", "running_mean", "running_var")}
    )
    return layer


def _spiking(node: Any, name: str, dt: float | None) -> nn.Module:  # noqa: ANN401
    meta, kind = node.metadata, type(node).__name__
    step = float(dt if dt is not None else meta.get("dt", DEFAULT_DT))
    r, threshold, v_reset = (_array(value) for value in (node.r, node.v_threshold, node.v_reset))
    if kind == "IF":
        leak, gain, rest = np.ones_like(r), r * step, np.zeros_like(r)
    else:
        tau = _array(node.tau_mem if kind == "CubaLIF" else node.tau)
        leak, gain = _kept(tau, step, name), r * step / tau
        rest = _array(node.v_leak)
    subtracts = _text(meta.get("reset", "zero")) == "subtract"
    parameters: dict[str, Any] = {
        "leak": _tensor(leak), "threshold": _tensor(threshold - rest), "gain": _tensor(gain),
        "amount": _tensor(meta.get("amount", threshold)),
        "reset_to": _tensor(v_reset - rest), "inclusive": bool(meta.get("inclusive", 0)),
        "timing": cast("Timing", _text(meta.get("timing", "now"))),
    }  # fmt: skip
    params = NeuronParams(reset="subtract" if subtracts else "zero")
    if kind != "CubaLIF":
        return neuron(params, **parameters)
    tau_syn = _array(node.tau_syn)
    decay, weight = _kept(tau_syn, step, name), _array(node.w_in) * step / tau_syn
    return SynapticLIF(params, decay=_tensor(decay), weight=_tensor(weight), **parameters)


def _kept(tau: Any, step: float, name: str) -> Any:  # noqa: ANN401
    """Return the share that is kept over a time-step."""
    if np.any(tau < step):
        msg = (
            f"node {name!r} has tau {tau.min():g} s, below the time-step dt of {step:g} s; "
            "pass a smaller dt"
        )
        raise ParameterError(msg)
    return 1 - step / tau


def _text(value: Any) -> str:  # noqa: ANN401
    return value.decode() if isinstance(value, bytes) else str(value)


_MAKERS: dict[str, Callable[[Any, str, float | None], nn.Module]] = {
    "Linear": _linear, "Affine": _linear, "Conv1d": _conv, "Conv2d": _conv, "AvgPool2d": _pool,
    "SumPool2d": _pool, "Flatten": _flatten, "Scale": _scale, "IF": _spiking, "LIF": _spiking,
    "CubaLIF": _spiking,
}  # fmt: skip
