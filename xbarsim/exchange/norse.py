"""This module is how Norse's networks become xbarsim's."""

from typing import Any

from torch import Tensor, nn

from xbarsim.errors import ParameterError
from xbarsim.exchange.chain import layer_chain
from xbarsim.exchange.layers import is_plain, plain_layers
from xbarsim.exchange.neuron import neuron
from xbarsim.exchange.origin import framework_of
from xbarsim.exchange.synaptic import SynapticLIF
from xbarsim.network import NeuronParams

_SYNAPTIC = ("LIFCell", "LIF")
_KNOWN = ("LIFBoxCell", "IAFCell", "IAF", *_SYNAPTIC)


def from_norse(network: nn.Module, sample: Tensor | None = None) -> nn.Sequential:
    r"""Return a Norse network as xbarsim's layers and neurons; spikes are the same.

    Known are ``LIFBoxCell``, $v \leftarrow v + \delta (x + v_\mathrm{leak} - v)$ with
    $\delta = \mathrm{d}t/\tau_\mathrm{mem}$, ``LIFCell`` and ``LIF``, the same with a current that
    decays by $1 - \mathrm{d}t/\tau_\mathrm{syn}$ a step in place of x, and ``IAFCell`` and ``IAF``,
    $v \leftarrow v + x$ (C. Pehle, J. E. Pedersen 2021, DOI 10.5281/zenodo.4422025).

    Args:
        network: ``SequentialState``, or any module whose layers form a chain; it is not changed.
        sample: Needed unless ``network`` is sequential: an input that it takes.

    Raises:
        ParameterError: If a layer cannot be expressed; it is named.
    """

    def is_layer(module: nn.Module) -> bool:
        inside = isinstance(module, nn.Sequential) or hasattr(module, "lifted_module")
        return is_plain(module) or (bool(framework_of(module)) and not inside)

    layers: list[nn.Module] = []
    for name, layer in layer_chain(network, is_layer, sample):
        layers += [_neuron(layer, name)] if framework_of(layer) else plain_layers(layer, name)
    return nn.Sequential(*layers).eval()


def _neuron(layer: Any, name: str) -> nn.Module:  # noqa: ANN401
    from norse.torch.functional.reset import reset_subtract, reset_value

    kind = type(layer).__name__
    if kind not in _KNOWN:
        msg = (
            f"layer {name!r} is a Norse {kind}; of its neurons only {', '.join(_KNOWN)} can be "
            "expressed (one membrane, at most one synaptic current, no recurrence)"
        )
        raise ParameterError(msg)
    p = layer.p
    method = getattr(p, "reset_method", reset_value)
    if method not in (reset_subtract, reset_value):
        msg = f"layer {name!r} resets by {method}; known are reset_value and reset_subtract"
        raise ParameterError(msg)
    # An integrate-and-fire neuron starts where it is reset to; a leaky one at rest.
    leaky = kind == "LIFBoxCell" or kind in _SYNAPTIC
    rest = p.v_leak if leaky else p.v_reset
    delta = layer.dt * p.tau_mem_inv if leaky else None
    # LIFCell and LIF look at no method: they always set the value.
    subtracts = method is reset_subtract and kind not in _SYNAPTIC
    params = NeuronParams(reset="subtract" if subtracts else "zero", detach_reset=False)
    parameters: dict[str, Any] = {
        "leak": 1.0 if delta is None else 1 - delta,
        "threshold": p.v_th - rest,
        "amount": p.v_th,
        "reset_to": p.v_reset - rest,
        "gain": 1.0 if delta is None else delta,
    }
    if kind in _SYNAPTIC:
        return SynapticLIF(params, decay=1 - layer.dt * p.tau_syn_inv, **parameters)
    return neuron(params, **parameters)
