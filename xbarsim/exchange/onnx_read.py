"""This module is how ONNX files of feed-forward networks become torch layers."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from xbarsim.errors import ParameterError, StorageError
from xbarsim.exchange.extras import needed
from xbarsim.exchange.onnx_layers import MAKERS, NOTHING, Node, Values, add_bias

_ADD = "Add"


def from_onnx(source: Any) -> nn.Sequential:  # noqa: ANN401
    """Return an ONNX network as torch layers; what is computed is the same.

    Known are Conv, Gemm, MatMul and Add of constants, BatchNormalization, AveragePool, MaxPool,
    GlobalAveragePool, Relu, Flatten, a Reshape that flattens, Identity and Dropout (ONNX operators
    to version 22), one after the other. Weights become float32.

    Args:
        source: Path of an .onnx file, or an ONNX model.

    Raises:
        ParameterError: If the graph is no chain, or a node cannot be expressed; it is named.
        StorageError: If the file cannot be read.
        MissingPackageError: If the package onnx is not installed.
    """
    model = read_model(source) if isinstance(source, str | Path) else source
    graph = model.graph
    values: Values = dict(_initializers(graph))
    inputs = [entry for entry in graph.input if entry.name not in values]
    if len(inputs) != 1:
        names = [entry.name for entry in inputs]
        msg = f"the ONNX graph has the inputs {names}; xbarsim runs chains with one input"
        raise ParameterError(msg)
    layers: list[nn.Module] = []
    rank, before = len(inputs[0].type.tensor_type.shape.dim), inputs[0].name
    for node in _nodes(graph, values):
        _check_follows(node, before, values)
        rank = _append(layers, node, values, rank)
        before = node.output
    if not layers or before not in {entry.name for entry in graph.output}:
        msg = f"the ONNX graph's outputs {[e.name for e in graph.output]} are not its last layer's"
        raise ParameterError(msg)
    return nn.Sequential(*layers).eval()


def read_model(path: str | Path) -> Any:  # noqa: ANN401
    """Read an ONNX file, with the files beside it that hold large weights."""
    onnx = needed("onnx", "onnx", "ONNX files")
    try:
        return onnx.load(str(path))
    except Exception as error:  # protobuf and onnx raise anything on a damaged file
        msg = f"{path} is not an ONNX file that onnx {onnx.__version__} reads: {error}"
        raise StorageError(msg) from error


def _initializers(graph: Any) -> Iterator[tuple[str, NDArray[Any]]]:  # noqa: ANN401
    from onnx.numpy_helper import to_array

    for tensor in graph.initializer:
        yield tensor.name, np.asarray(to_array(tensor))


def _nodes(graph: Any, values: Values) -> Iterator[Node]:  # noqa: ANN401
    """Yield the nodes that read the input, in order; those of constants alone go into ``values``."""
    from onnx.helper import get_attribute_value
    from onnx.reference import ReferenceEvaluator

    used: dict[str, int] = {}
    for entry in graph.node:
        for name in entry.input:
            used[name] = used.get(name, 0) + 1
    for entry in graph.node:
        if all(name in values for name in entry.input):
            known = {name: values[name] for name in entry.input}
            made = ReferenceEvaluator(entry).run(None, known)
            values |= {o: np.asarray(v) for o, v in zip(entry.output, made, strict=False)}
            continue
        attributes = {a.name: get_attribute_value(a) for a in entry.attribute}
        name = entry.name or f"{entry.op_type} that makes {entry.output[0]}"
        node = Node(
            name, entry.domain, entry.op_type, list(entry.input), entry.output[0], attributes
        )
        if used.get(node.output, 0) > 1 or any(used.get(o, 0) for o in entry.output[1:]):
            msg = f"node {name!r} feeds several others; xbarsim runs chains, without branches"
            raise ParameterError(msg)
        yield node


def _check_follows(node: Node, before: str, values: Values) -> None:
    """Refuse a node that reads something else than the output of the node before."""
    data = [name for name in node.inputs if name and name not in values]
    if data != [before]:
        msg = (
            f"node {node.name!r} ({node.kind}) reads {data}, not {before!r} alone, the output before "
            "it; xbarsim runs chains, without skips and branches"
        )
        raise ParameterError(msg)


def _append(layers: list[nn.Module], node: Node, values: Values, rank: int) -> int:
    """Add the layer of a node; returns the number of axes of its output."""
    if node.domain in ("", "ai.onnx"):
        if node.kind in NOTHING and not _trains(node, values):
            return rank
        if node.kind == _ADD:
            add_bias(layers, node, values)
            return rank
        make: Callable[..., nn.Module] | None = MAKERS.get(node.kind)
        if make is not None:
            layer = make(node, values, rank)
            layers.append(layer)
            if isinstance(layer, nn.Conv1d | nn.Conv2d):
                return layer.weight.dim()
            return 2 if isinstance(layer, nn.Flatten | nn.Linear) else rank
    known = ", ".join([*MAKERS, _ADD, *NOTHING])
    msg = (
        f"node {node.name!r} is an ONNX {node.domain + '.' if node.domain else ''}{node.kind}, which "
        f"xbarsim cannot express; known are {known}"
    )
    raise ParameterError(msg)


def _trains(node: Node, values: Values) -> bool:
    """Return whether a dropout is exported as it trains."""
    return len(node.inputs) > 2 and bool(values.get(node.inputs[2], np.array(True)).any())
