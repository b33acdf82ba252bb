"""This module is the torch layer of each ONNX node that xbarsim knows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xbarsim.errors import ParameterError

Values = dict[str, NDArray[Any]]
"""Constants of the graph, by name."""

NOTHING = ("Identity", "Dropout")


@dataclass(frozen=True)
class Node:
    """One node of an ONNX graph.

    Attributes:
        name: Its name, for messages.
        domain: Set of operators; empty for ONNX's own.
        kind: Operator.
        inputs: Names of its inputs, empty where an optional one is left out.
        output: Name of its first output.
        attributes: Attributes by name.
    """

    name: str
    domain: str
    kind: str
    inputs: list[str]
    output: str
    attributes: dict[str, Any]


def add_bias(layers: list[nn.Module], node: Node, values: Values) -> None:
    """Put a constant that is added behind a layer into its bias."""
    layer: Any = layers[-1] if layers else None
    added = next((values[name] for name in node.inputs if name in values), None)
    if not isinstance(layer, nn.Linear | nn.Conv1d | nn.Conv2d) or layer.bias is not None:
        _refuse(node, "adds to something that is no Linear or Conv without bias")
    axes, count = layer.weight.dim() - 2, layer.weight.shape[0]
    shape = () if added is None else added.shape
    while shape[:1] == (1,) and len(shape) > axes + 1:
        shape = shape[1:]
    if added is None or shape != (count, *(1,) * axes):
        _refuse(node, f"adds shape {shape}; a bias has one value for each of {count} outputs")
    layer.bias = nn.Parameter(_tensor(added).reshape(-1))


def _refuse(node: Node, why: str) -> NoReturn:
    msg = f"node {node.name!r} (ONNX {node.kind}) {why}"
    raise ParameterError(msg)


def _tensor(value: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.array(value, dtype=np.float32))


def _constant(node: Node, values: Values, k: int) -> Tensor | None:
    """Return a constant input, None where it is left out."""
    if k >= len(node.inputs) or not node.inputs[k]:
        return None
    if node.inputs[k] not in values:
        _refuse(node, f"computes its input {node.inputs[k]!r}; weights are to be constants")
    return _tensor(values[node.inputs[k]])


def _weight(node: Node, values: Values, k: int = 1) -> Tensor:
    found = _constant(node, values, k)
    if found is None:
        _refuse(node, "has no weight")
    return found


def _filled(layer: Any, weight: Tensor, bias: Tensor | None) -> nn.Module:  # noqa: ANN401
    with torch.no_grad():
        layer.weight.copy_(weight)
        if bias is not None:
            layer.bias.copy_(bias.broadcast_to(layer.bias.shape))
    return cast("nn.Module", layer)


def _linear(weight: Tensor, bias: Tensor | None) -> nn.Module:
    return _filled(nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None), weight, bias)


def _gemm(node: Node, values: Values, rank: int) -> nn.Module:  # noqa: ARG001
    a = node.attributes
    if a.get("transA", 0):
        _refuse(node, "transposes its input")
    weight, bias = _weight(node, values), _constant(node, values, 2)
    weight = float(a.get("alpha", 1.0)) * (weight if a.get("transB", 0) else weight.T)
    if bias is not None:
        bias = float(a.get("beta", 1.0)) * bias.reshape(-1)
        if len(bias) not in (1, len(weight)):
            _refuse(node, f"adds {len(bias)} values to {len(weight)} outputs")
    return _linear(weight, bias)


def _matmul(node: Node, values: Values, rank: int) -> nn.Module:
    if node.inputs[1] not in values:
        _refuse(node, "multiplies with a matrix from the left, or with what is computed")
    weight = _weight(node, values)
    if weight.dim() != 2 or rank not in (0, 2):
        _refuse(
            node, f"multiplies {rank} axes with {weight.dim()}; known is [batch, n] with [n, m]"
        )
    return _linear(weight.T, None)


def _pads(node: Node, axes: int) -> list[int]:
    """Return the padding of each axis, equal at both ends."""
    auto = node.attributes.get("auto_pad", b"NOTSET").decode()
    if auto not in ("NOTSET", "VALID"):
        _refuse(node, f"pads by auto_pad={auto}; export it with explicit pads")
    pads = [0] * 2 * axes if auto == "VALID" else list(node.attributes.get("pads", [0] * 2 * axes))
    if pads[:axes] != pads[axes:]:
        _refuse(node, f"pads {pads}, not the same at both ends")
    return pads[:axes]


def _conv(node: Node, values: Values, rank: int) -> nn.Module:  # noqa: ARG001
    weight, bias = _weight(node, values), _constant(node, values, 2)
    axes = weight.dim() - 2
    if axes not in (1, 2):
        _refuse(node, f"convolves {axes} axes; known are 1 and 2")
    kind: Any = nn.Conv1d if axes == 1 else nn.Conv2d
    group = int(node.attributes.get("group", 1))
    layer = kind(
        weight.shape[1] * group, weight.shape[0], tuple(weight.shape[2:]), groups=group,
        stride=_sizes(node, "strides", axes), padding=tuple(_pads(node, axes)),
        dilation=_sizes(node, "dilations", axes), bias=bias is not None,
    )  # fmt: skip
    return _filled(layer, weight, bias)


def _sizes(node: Node, name: str, axes: int) -> tuple[int, ...]:
    return tuple(node.attributes.get(name, [1] * axes))


def _pool(node: Node, values: Values, rank: int) -> nn.Module:  # noqa: ARG001
    kernel = tuple(node.attributes["kernel_shape"])
    axes = len(kernel)
    if axes not in (1, 2):
        _refuse(node, f"pools {axes} axes; known are 1 and 2")
    common: dict[str, Any] = {
        "stride": _sizes(node, "strides", axes), "padding": tuple(_pads(node, axes)),
        "ceil_mode": bool(node.attributes.get("ceil_mode", 0)),
    }  # fmt: skip
    dilation = _sizes(node, "dilations", axes)
    if node.kind == "MaxPool":
        largest: Any = nn.MaxPool1d if axes == 1 else nn.MaxPool2d
        return cast("nn.Module", largest(kernel, dilation=dilation, **common))
    if set(dilation) != {1}:
        _refuse(node, f"pools with dilations {dilation}")
    mean: Any = nn.AvgPool1d if axes == 1 else nn.AvgPool2d
    counted = bool(node.attributes.get("count_include_pad", 0))
    return cast("nn.Module", mean(kernel, count_include_pad=counted, **common))


def _global_pool(node: Node, values: Values, rank: int) -> nn.Module:  # noqa: ARG001
    if rank != 4:
        _refuse(node, f"pools {rank - 2} axes; known are 2")
    return nn.AdaptiveAvgPool2d(1)


def _batch_norm(node: Node, values: Values, rank: int) -> nn.Module:
    if node.attributes.get("training_mode", 0):
        _refuse(node, "normalises by its batch; export the network in evaluation")
    gamma, beta, mean, variance = (_weight(node, values, k) for k in range(1, 5))
    kind = nn.BatchNorm2d if rank == 4 else nn.BatchNorm1d
    layer = kind(len(gamma), eps=float(node.attributes.get("epsilon", 1e-5)))
    layer.load_state_dict(
        {"weight": gamma, "bias": beta, "running_mean": mean, "running_var": variance,
         "num_batches_tracked": torch.tensor(0)}
    )  # fmt: skip
    return layer


def _relu(node: Node, values: Values, rank: int) -> nn.Module:  # noqa: ARG001
    return nn.ReLU()


def _flatten(node: Node, values: Values, rank: int) -> nn.Module:  # noqa: ARG001
    axis = int(node.attributes.get("axis", 1))
    if axis != 1:
        _refuse(node, f"flattens from axis {axis}; only all axes but the first can be")
    return nn.Flatten()


def _reshape(node: Node, values: Values, rank: int) -> nn.Module:  # noqa: ARG001
    shape = values.get(node.inputs[1]) if len(node.inputs) > 1 else None
    if shape is None or shape.shape != (2,) or (shape[0] > 0 and shape[1] > 0 and shape[0] != 1):
        shown = "what is computed" if shape is None else shape.tolist()
        _refuse(node, f"reshapes to {shown}; known is [batch, all the rest]")
    return nn.Flatten()


MAKERS: dict[str, Callable[[Node, Values, int], nn.Module]] = {
    "Conv": _conv, "Gemm": _gemm, "MatMul": _matmul, "BatchNormalization": _batch_norm,
    "AveragePool": _pool, "MaxPool": _pool, "GlobalAveragePool": _global_pool, "Relu": _relu,
    "Flatten": _flatten, "Reshape": _reshape,
}  # fmt: skip
