"""This module is how snnTorch's networks become xbarsim's."""

from typing import Any

from torch import Tensor, nn

from xbarsim.errors import ParameterError
from xbarsim.exchange.chain import layer_chain
from xbarsim.exchange.layers import is_plain, plain_layers
from xbarsim.exchange.neuron import neuron
from xbarsim.exchange.origin import framework_of
from xbarsim.network import NeuronParams


def from_snntorch(network: nn.Module, sample: Tensor | None = None) -> nn.Sequential:
    r"""Return a snnTorch network as xbarsim's layers and neurons; spikes are the same.

    ``Leaky`` with its three resets is known, at both values of ``reset_delay``. snnTorch subtracts
    after the leak of the next step, $u_{t+1} = \beta u_t + x_{t+1} - \theta s_t$, which differs
    from subtracting at once unless β is 1 (J. K. Eshraghian et al. 2023,
    DOI 10.1109/JPROC.2023.3308088).

    Args:
        network: ``nn.Sequential``, or any module whose layers form a chain; it is not changed.
        sample: Needed unless ``network`` is sequential: an input that it takes.

    Raises:
        ParameterError: If a layer cannot be expressed; it is named.
    """
    chain = layer_chain(network, lambda m: framework_of(m) == "snntorch" or is_plain(m), sample)
    layers: list[nn.Module] = []
    for name, layer in chain:
        layers += [_neuron(layer, name)] if framework_of(layer) else plain_layers(layer, name)
    return nn.Sequential(*layers).eval()


def _neuron(layer: Any, name: str) -> nn.Module:  # noqa: ANN401
    import snntorch

    if type(layer) is not snntorch.Leaky:
        msg = (
            f"layer {name!r} is a snntorch.{type(layer).__name__}; of snnTorch's neurons only Leaky "
            "can be expressed (one membrane, no synaptic current, no recurrence)"
        )
        raise ParameterError(msg)
    for what in ("inhibition", "state_quant"):
        if getattr(layer, what):
            msg = f"layer {name!r} uses snnTorch's {what}, which xbarsim does not have"
            raise ParameterError(msg)
    if float(layer.graded_spikes_factor) != 1:
        msg = (
            f"layer {name!r} has graded_spikes_factor={float(layer.graded_spikes_factor):g}; "
            "spikes are 0 or 1 here, so multiply the next layer's weights by it instead"
        )
        raise ParameterError(msg)
    kind = layer.reset_mechanism
    subtracts = kind == "subtract"
    # Without a reset, what a spike subtracts is nothing. At leak 1, later is as good as now.
    delayed = bool(layer.reset_delay)
    at_once = not subtracts or (delayed and bool((layer.beta == 1).all()))
    return neuron(
        NeuronParams(reset="zero" if kind == "zero" else "subtract"),
        leak=layer.beta.clamp(0, 1),
        threshold=layer.threshold,
        amount=0.0 if kind == "none" else None,
        timing="now" if at_once else "next" if delayed else "both",
    )
