"""This module is how snnTorch's networks become xbarsim's."""

from typing import Any

from torch import Tensor, nn

from xbarsim.errors import ParameterError
from xbarsim.exchange.chain import layer_chain
from xbarsim.exchange.layers import is_plain, plain_layers
from xbarsim.exchange.neuron import neuron
from xbarsim.exchange.origin import framework_of
from xbarsim.exchange.synaptic import SynapticLIF
from xbarsim.network import NeuronParams


def from_snntorch(network: nn.Module, sample: Tensor | None = None) -> nn.Sequential:
    r"""Return a snnTorch network as xbarsim's layers and neurons; spikes are the same.

    ``Leaky`` and ``Synaptic`` with their three resets are known, at both values of
    ``reset_delay``. snnTorch subtracts after the leak of the next step, $u_{t+1} = \beta u_t +
    x_{t+1} - \theta s_t$, which differs from subtracting at once unless β is 1 (J. K. Eshraghian et
    al. 2023, DOI 10.1109/JPROC.2023.3308088).

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

    kind = type(layer)
    if kind not in (snntorch.Leaky, snntorch.Synaptic):
        msg = (
            f"layer {name!r} is a snntorch.{kind.__name__}; of snnTorch's neurons only Leaky and "
            "Synaptic can be expressed (one membrane, at most one synaptic current, no recurrence)"
        )
        raise ParameterError(msg)
    _check(layer, name)
    synaptic = kind is snntorch.Synaptic
    reset, delayed = layer.reset_mechanism, bool(layer.reset_delay)
    # Without a reset, what a spike subtracts is nothing. At leak 1, later is as good as now. Leaky
    # sets a membrane to zero before it adds the input, so later is as good as now there, too;
    # Synaptic sets it to zero after it added the input.
    at_once = delayed and bool((layer.beta == 1).all()) if reset == "subtract" else True
    if synaptic and reset == "zero":
        at_once = not delayed
    parameters: dict[str, Any] = {
        "leak": layer.beta.clamp(0, 1),
        "threshold": layer.threshold,
        "amount": 0.0 if reset == "none" else None,
        "timing": "now" if at_once else "next" if delayed else "both",
    }
    params = NeuronParams(reset="zero" if reset == "zero" else "subtract")
    if synaptic:
        return SynapticLIF(params, decay=layer.alpha.clamp(0, 1), **parameters)
    return neuron(params, **parameters)


def _check(layer: Any, name: str) -> None:  # noqa: ANN401
    """Refuse what a neuron of snnTorch may be told to do besides."""
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
