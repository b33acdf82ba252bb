"""This module is how SpikingJelly's networks become xbarsim's."""

from typing import Any

from torch import Tensor, nn

from xbarsim.errors import ParameterError
from xbarsim.exchange.chain import layer_chain
from xbarsim.exchange.layers import is_plain, plain_layers
from xbarsim.exchange.neuron import neuron
from xbarsim.exchange.origin import framework_of
from xbarsim.exchange.synaptic import SynapticLIF
from xbarsim.network import NeuronParams


def from_spikingjelly(network: nn.Module, sample: Tensor | None = None) -> nn.Sequential:
    r"""Return a SpikingJelly network as xbarsim's layers and neurons; spikes are the same.

    Known are ``IFNode``, ``LIFNode``, ``ParametricLIFNode`` and ``CUBALIFNode`` (with a synaptic
    current; its hard reset to 0 only), single-step or multi-step, with hard and soft reset:
    $h_t = v_{t-1} + k x_t - (v_{t-1} - v_\mathrm{reset})/\tau$ with k = 1/τ where the input decays,
    else 1; $s_t = [h_t \ge \theta]$ (W. Fang et al. 2023, DOI 10.1126/sciadv.adi1480).

    Args:
        network: ``nn.Sequential``, or any module whose layers form a chain; it is not changed.
        sample: Needed unless ``network`` is sequential: an input that it takes.

    Raises:
        ParameterError: If a layer cannot be expressed; it is named.
    """
    from spikingjelly.activation_based import functional

    def is_layer(module: nn.Module) -> bool:
        return (
            _is_neuron(module)
            or is_plain(module)
            or (bool(framework_of(module)) and not isinstance(module, nn.Sequential))
        )

    chain = layer_chain(network, is_layer, sample)
    if sample is not None:
        functional.reset_net(network)
    layers: list[nn.Module] = []
    for name, layer in chain:
        layers += [_neuron(layer, name)] if _is_neuron(layer) else plain_layers(layer, name)
    return nn.Sequential(*layers).eval()


def _is_neuron(module: nn.Module) -> bool:
    return ".neuron" in type(module).__module__ and framework_of(module) == "spikingjelly"


def _neuron(layer: Any, name: str) -> nn.Module:  # noqa: ANN401
    from spikingjelly.activation_based import neuron as theirs

    if type(layer) is theirs.CUBALIFNode:
        return _synaptic(layer, name)
    # Rest and hard reset are the same potential; it becomes zero here.
    v_reset = layer.v_reset or 0.0
    params = NeuronParams(
        reset="subtract" if layer.v_reset is None else "zero",
        detach_reset=bool(layer.detach_reset),
    )
    tau = {
        theirs.IFNode: lambda: float("inf"),
        theirs.LIFNode: lambda: float(layer.tau),
        theirs.ParametricLIFNode: lambda: 1 / float(layer.w.detach().sigmoid()),
    }.get(type(layer))
    if tau is None:
        msg = (
            f"layer {name!r} is a SpikingJelly {type(layer).__name__}; of its neurons only IFNode, "
            "LIFNode, ParametricLIFNode and CUBALIFNode can be expressed (one membrane, at most one "
            "synaptic current, linear leak)"
        )
        raise ParameterError(msg)
    decays = type(layer) is not theirs.IFNode and bool(layer.decay_input)
    return neuron(
        params,
        leak=1 - 1 / tau(),
        threshold=float(layer.v_threshold) - v_reset,
        amount=float(layer.v_threshold) if layer.v_reset is None else None,
        gain=1 / tau() if decays else 1.0,
        inclusive=True,
    )


def _synaptic(layer: Any, name: str) -> nn.Module:  # noqa: ANN401
    """Return a current-based neuron, whose potential decays to zero wherever it is reset to."""
    if layer.v_reset:
        msg = (
            f"layer {name!r} is a CUBALIFNode with v_reset={layer.v_reset:g}, where it also starts "
            "although it decays to 0; use v_reset=0 or None"
        )
        raise ParameterError(msg)
    params = NeuronParams(
        reset="subtract" if layer.v_reset is None else "zero",
        detach_reset=bool(layer.detach_reset),
    )
    return SynapticLIF(
        params, decay=float(layer.c_decay), leak=float(layer.v_decay),
        threshold=float(layer.v_threshold), inclusive=True,
    )  # fmt: skip
