"""This module is a network of ours in snnTorch and SpikingJelly, run the way their manuals say."""

import copy
from collections.abc import Callable
from importlib import import_module
from typing import Any

import torch
from torch import Tensor, nn

from xbarsim.errors import ParameterError
from xbarsim.network import LIF, leaves

Forward = Callable[[Tensor], Tensor]


def in_snntorch(network: nn.Module) -> tuple[nn.ModuleList, Forward]:
    """Return the network's layers with snnTorch's neurons, and their run over time-steps.

    The run takes inputs [time, batch, ...] and gives the last layer's output, averaged over time.
    """
    snntorch = _imported("snntorch")

    def neuron(layer: LIF) -> nn.Module:
        return snntorch.Leaky(  # type: ignore[no-any-return]
            beta=float(layer.leak),
            threshold=float(layer.threshold),
            reset_mechanism=layer.params.reset,
        )

    layers = nn.ModuleList([neuron(x) if isinstance(x, LIF) else _own(x) for x in leaves(network)])

    def run(inputs: Tensor) -> Tensor:
        neurons = {k: m for k, m in enumerate(layers) if isinstance(m, snntorch.Leaky)}
        membranes = {k: m.init_leaky() for k, m in neurons.items()}
        outputs = []
        for x in inputs:
            y = x
            for k, layer in enumerate(layers):
                if k in membranes:
                    y, membranes[k] = layer(y, membranes[k])
                else:
                    y = layer(y)
            outputs.append(y)
        return torch.stack(outputs).mean(dim=0)

    return layers, run


def in_spikingjelly(network: nn.Module) -> tuple[nn.ModuleList, Forward]:
    """Return the same for SpikingJelly: multi-step, with its torch backend.

    Raises:
        ParameterError: If SpikingJelly is missing, or a layer has no counterpart.
    """
    theirs = _imported("spikingjelly.activation_based")
    layers = [_in_spikingjelly(layer, theirs) for layer in leaves(network)]
    chain = nn.Sequential(*layers)
    theirs.functional.set_step_mode(chain, "m")

    def run(inputs: Tensor) -> Tensor:
        theirs.functional.reset_net(chain)
        return torch.as_tensor(chain(inputs).mean(dim=0))

    return nn.ModuleList(layers), run


def _in_spikingjelly(layer: nn.Module, theirs: Any) -> nn.Module:  # noqa: ANN401
    if isinstance(layer, LIF):
        return theirs.neuron.LIFNode(  # type: ignore[no-any-return]
            tau=1 / (1 - float(layer.leak)),
            decay_input=False,
            v_threshold=float(layer.threshold),
            v_reset=0.0 if layer.params.reset == "zero" else None,
            detach_reset=layer.params.detach_reset,
        )
    make = getattr(theirs.layer, type(layer).__name__, None)
    if make is None:
        msg = f"SpikingJelly has no layer for a {type(layer).__name__}"
        raise ParameterError(msg)
    if isinstance(layer, nn.Conv2d):
        new = make(layer.in_channels, layer.out_channels, 3, padding=1, bias=False)
    elif isinstance(layer, nn.Linear):
        new = make(layer.in_features, layer.out_features, bias=False)
    else:
        return make(2) if isinstance(layer, nn.AvgPool2d) else make()  # type: ignore[no-any-return]
    new.load_state_dict(_own(layer).state_dict())
    return new  # type: ignore[no-any-return]


def fired(layers: nn.ModuleList, run: Forward, inputs: Tensor) -> list[Tensor]:
    """Return the spikes of every neuron layer, [time, batch, ...], in the order of layers."""
    neurons = [m for m in layers if type(m).__name__ in {"Leaky", "LIFNode"}]
    seen: dict[int, list[Tensor]] = {id(m): [] for m in neurons}

    def keep(module: nn.Module, _: object, out: Any) -> None:  # noqa: ANN401
        seen[id(module)].append(out[0] if isinstance(out, tuple) else out)

    handles = [m.register_forward_hook(keep) for m in neurons]
    try:
        with torch.inference_mode():
            run(inputs)
    finally:
        for handle in handles:
            handle.remove()
    # A step-mode framework leaves one tensor a step, a multi-step one all steps in one.
    return [parts[0] if len(parts) == 1 else torch.stack(parts) for parts in seen.values()]


def _own(layer: nn.Module) -> nn.Module:
    """Return a copy in torch's default memory layout, in which these frameworks' users have it."""
    return copy.deepcopy(layer).to(memory_format=torch.contiguous_format)  # type: ignore[call-overload, no-any-return]


def _imported(name: str) -> Any:  # noqa: ANN401
    try:
        module = import_module(name)
        if name.startswith("spikingjelly"):
            for part in ("functional", "layer", "neuron"):
                import_module(f"{name}.{part}")
    except ImportError as error:
        msg = f"{name} cannot be imported ({error}); install xbarsim[snn] to compare with it"
        raise ParameterError(msg) from error
    return module
