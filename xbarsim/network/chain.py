"""This module is the step from any feed-forward torch network to its layers in a row."""

import copy
import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional

from xbarsim.errors import ParameterError
from xbarsim.network.unroll import leaves

_SIZES = ("size", getattr, operator.getitem)
_LAYER_OF: dict[Any, Callable[..., nn.Module]] = {
    torch.relu: nn.ReLU,
    torch.relu_: nn.ReLU,
    functional.relu: nn.ReLU,
    "relu": nn.ReLU,
    "relu_": nn.ReLU,
    torch.flatten: nn.Flatten,
    "flatten": nn.Flatten,
    functional.avg_pool2d: nn.AvgPool2d,
    functional.adaptive_avg_pool2d: nn.AdaptiveAvgPool2d,
    functional.dropout: nn.Dropout,
    functional.dropout2d: nn.Dropout2d,
}


def as_sequential(network: nn.Module) -> nn.Sequential:
    """Return a network's layers in the order in which they run; layers are shared, not copied.

    Nested ``nn.Sequential`` networks are flattened. Any other module is traced: its ``forward`` may
    call layers and the functions relu, flatten, view, avg_pool2d, adaptive_avg_pool2d and dropout,
    one after the other.

    Args:
        network: A network without branches, loops over data, or several inputs.

    Raises:
        ParameterError: If the network is not such a chain; the message names the step.
    """
    if isinstance(network, nn.Sequential):
        return nn.Sequential(*leaves(network))
    try:
        graph = fx.Tracer().trace(copy.deepcopy(network).eval())
    except (fx.proxy.TraceError, TypeError) as error:
        msg = (
            f"{type(network).__name__} cannot be followed step by step: {error}; write it as "
            "nn.Sequential"
        )
        raise ParameterError(msg) from error
    layers: list[nn.Module] = []
    last: fx.Node | None = None
    for node in graph.nodes:
        if node.target in _SIZES:
            continue
        if (node.op == "placeholder") != (last is None) or (last and node.args[:1] != (last,)):
            msg = (
                f"step {node.name!r} of {type(network).__name__} does not follow the step before "
                "it; only networks without branches, with one input, are understood"
            )
            raise ParameterError(msg)
        last = node
        if node.op not in {"placeholder", "output"}:
            layers.append(_layer(network, node))
    return nn.Sequential(*layers)


def _layer(network: nn.Module, node: fx.Node) -> nn.Module:
    """Return the module that a step calls, or one that does what its function does."""
    target: Any = node.target
    if node.op == "call_module":
        return network.get_submodule(target)
    if target in {"view", "reshape"} and len(node.args) == 3 and node.args[2] == -1:
        return nn.Flatten()
    if target not in _LAYER_OF:
        name = target if isinstance(target, str) else getattr(target, "__name__", str(target))
        msg = f"step {node.name!r} calls {name}, which has no layer; use a torch.nn module there"
        raise ParameterError(msg)
    make = _LAYER_OF[target]
    if make is nn.ReLU or issubclass(make, nn.Dropout | nn.Dropout2d):  # type: ignore[arg-type]
        return make()
    return make(*node.args[1:], **node.kwargs)
