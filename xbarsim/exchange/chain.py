"""This module is the order in which another network runs its layers."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from xbarsim.errors import ParameterError

Named = tuple[str, nn.Module]
IsLayer = Callable[[nn.Module], bool]
"""Whether a module is one layer to be taken over, rather than a container to look into."""


def layer_chain(network: nn.Module, is_layer: IsLayer, sample: Tensor | None) -> list[Named]:
    """Return the layers of a feed-forward network with their names, in the order of running.

    Nested ``nn.Sequential`` say their order themselves. Anything else is run once on a sample, and
    must hand each layer's output to the next layer as it is, or flattened.

    Args:
        network: The network; it is run in evaluation mode and its mode put back.
        is_layer: What counts as one layer.
        sample: Input that the network takes, [batch, ...] or [time, batch, ...].

    Raises:
        ParameterError: If the order is needed and no sample is given, or layers do not form a chain.
    """
    named = list(_sequential(network, "", is_layer))
    if named and all(is_layer(module) for _, module in named):
        return named
    if sample is None:
        culprit = next((n for n, m in named if not is_layer(m)), "") or "the network itself"
        msg = (
            f"the order of layers is not known: {culprit} is no nn.Sequential; pass sample=, one "
            "input that the network takes, and it is run once to see"
        )
        raise ParameterError(msg)
    return _chain(_record(network, is_layer, sample), sample)


def _sequential(module: nn.Module, name: str, is_layer: IsLayer) -> Iterator[Named]:
    if is_layer(module) or not isinstance(module, nn.Sequential):
        yield name, module
        return
    for key, child in module.named_children():
        yield from _sequential(child, f"{name}.{key}".lstrip("."), is_layer)


class _Call:
    """One call of one layer: what came in, and what went out first."""

    def __init__(self, name: str, layer: nn.Module, x: Tensor, outputs: tuple[Any, ...]) -> None:
        self.name, self.layer, self.x = name, layer, x
        self.out: Tensor = outputs[0]
        self.others = [o for o in outputs[1:] if isinstance(o, Tensor)]


def _record(network: nn.Module, is_layer: IsLayer, sample: Tensor) -> list[_Call]:
    """Run the network and return the calls of its layers, up to the second time-step."""
    calls: list[_Call] = []
    handles = []
    for name, module in network.named_modules():
        inside = any(is_layer(network.get_submodule(n)) for n in _parents(name))
        if is_layer(module) and not inside:

            def hook(layer: nn.Module, args: Any, out: Any, name: str = name) -> None:  # noqa: ANN401
                calls.append(_Call(name, layer, args[0], out if isinstance(out, tuple) else (out,)))

            handles.append(module.register_forward_hook(hook))
    training = network.training
    try:
        with torch.no_grad():
            network.eval()(sample)
    finally:
        network.train(training)
        for handle in handles:
            handle.remove()
    if not calls:
        msg = f"{type(network).__name__} runs no layer that xbarsim knows"
        raise ParameterError(msg)
    again = [k for k, call in enumerate(calls) if k and call.layer is calls[0].layer]
    return calls[: again[0]] if again else calls


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:k]) for k in range(1, len(parts))]


def _chain(calls: list[_Call], sample: Tensor) -> list[Named]:
    """Check that each layer reads the one before, and write flattening out as a layer."""
    chain: list[Named] = []
    before, source, others = "the input", sample, list[Tensor]()
    for k, call in enumerate(calls):
        if any(call.x.data_ptr() == other.data_ptr() for other in others):
            msg = f"layer {call.name!r} reads the membrane of {before}, not its spikes"
            raise ParameterError(msg)
        if not _same_storage(call.x, source):
            msg = (
                f"between {before} and layer {call.name!r} something is computed that is no layer; "
                "make it one (nn.ReLU, nn.AvgPool2d, ...), and use no skips or branches"
            )
            raise ParameterError(msg)
        shapes = (source.shape, source.shape[1:]) if k == 0 else (source.shape,)
        if call.x.shape not in shapes:
            if all(call.x.shape != _flat(shape) for shape in shapes):
                msg = (
                    f"between {before} and layer {call.name!r} the shape changes from "
                    f"{tuple(source.shape)} to {tuple(call.x.shape)}; only flattening is known"
                )
                raise ParameterError(msg)
            chain.append((f"{call.name} (flattened input)", nn.Flatten()))
        chain.append((call.name, call.layer))
        before, source, others = f"layer {call.name!r}", call.out, call.others
    return chain


def _same_storage(a: Tensor, b: Tensor) -> bool:
    return a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr()


def _flat(shape: torch.Size) -> torch.Size:
    return torch.Size((shape[0], shape[1:].numel())) if len(shape) > 1 else shape
