"""This module is how xbarsim's networks become NIR graphs and files."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from xbarsim.errors import ParameterError
from xbarsim.exchange.dispatch import as_network
from xbarsim.exchange.extras import needed
from xbarsim.exchange.layers import Scale
from xbarsim.exchange.neuron import GeneralLIF
from xbarsim.exchange.nir_read import DEFAULT_DT
from xbarsim.exchange.synaptic import SynapticLIF
from xbarsim.network import LIF, BatchNormThroughTime, fold_batch_norm, leaves
from xbarsim.network.unroll import stateless
from xbarsim.storage import write_atomically


def to_nir(network: nn.Module, input_shape: tuple[int, ...], dt: float = DEFAULT_DT) -> Any:  # noqa: ANN401
    r"""Return a spiking network as a NIR graph.

    $\tau = \mathrm{d}t/(1 - \lambda)$, $R = k/(1 - \lambda)$; a neuron without leak becomes IF with
    $R = k/\mathrm{d}t$. What NIR cannot say goes into the metadata of its node, where other tools
    do not look: they reset to zero where xbarsim subtracts, and scale by the mean of
    batch norm through time. Batch norm is folded into the layer before it.

    Args:
        network: Feed-forward network that ``as_network`` takes, in evaluation.
        input_shape: Shape of one sample, without time and batch.
        dt: Length of a time-step. [s]

    Raises:
        ParameterError: If NIR has no node for a layer; it is named.
        MissingPackageError: If the package nir is not installed.
    """
    nir = needed("nir", "nir", "NIR files")
    if not dt > 0:
        msg = f"dt is {dt!r} s; a time-step is longer than nothing"
        raise ParameterError(msg)
    x = torch.zeros(1, 1, *input_shape)
    nodes: list[Any] = [nir.Input(np.array(input_shape))]
    with torch.no_grad():
        for number, layer in enumerate(leaves(fold_batch_norm(as_network(network)))):
            after = layer(x)[0] if isinstance(layer, LIF) else stateless(layer, x)
            nodes.append(_node(layer, x.shape[2:], after.shape[2:], dt, number))
            x = after
    nodes.append(nir.Output(np.array(x.shape[2:])))
    return nir.NIRGraph.from_list(*nodes)


def write_nir(
    network: nn.Module, path: str | Path, input_shape: tuple[int, ...], dt: float = DEFAULT_DT
) -> None:
    """Write a spiking network as a NIR file, whole or not at all; arguments as for ``to_nir``."""
    import io

    import nir

    buffer = io.BytesIO()
    nir.write(buffer, to_nir(network, input_shape, dt))
    write_atomically(Path(path), buffer.getvalue())


def _node(layer: nn.Module, before: torch.Size, after: torch.Size, dt: float, number: int) -> Any:  # noqa: ANN401, PLR0911
    import nir

    match layer:
        case LIF():
            return _neuron(layer, after, dt)
        case nn.Linear():
            return _linear(layer)
        case nn.Conv1d() | nn.Conv2d():
            return _conv(layer, before)
        case nn.AvgPool2d(ceil_mode=False, count_include_pad=True):
            return _pool(layer)
        case nn.Flatten():
            return nir.Flatten({"input": np.array(before)}, start_dim=0, end_dim=-1)
        case Scale():
            return nir.Scale(_full(layer.factor, after))
        case BatchNormThroughTime():
            return _scale(layer, after)
    msg = (
        f"layer {number}, {layer}, has no node in NIR; known are Linear, Conv1d, Conv2d, AvgPool2d, "
        "Flatten, batch norm and neurons"
    )
    raise ParameterError(msg)


def _linear(layer: Any) -> Any:  # noqa: ANN401
    import nir

    weight = _array(layer.weight)
    return nir.Linear(weight) if layer.bias is None else nir.Affine(weight, _array(layer.bias))


def _neuron(layer: LIF, shape: torch.Size, dt: float) -> Any:  # noqa: ANN401
    """Return LIF, IF where nothing leaks, or CubaLIF; one value per neuron, as NIR has it."""
    import nir

    leak, threshold = _full(layer.leak, shape), _full(layer.threshold, shape)
    meta: dict[str, Any] = {"dt": dt, "reset": layer.params.reset}
    gain, v_reset = np.ones_like(leak), np.zeros_like(leak)
    if isinstance(layer, GeneralLIF):
        gain, v_reset = _full(layer.gain, shape), _full(layer.reset_to, shape)
        meta |= {"inclusive": int(layer.inclusive), "timing": layer.timing}
        meta |= {"amount": _full(layer.amount, shape)}
    if isinstance(layer, SynapticLIF):
        return _current_based(layer, shape, dt, meta)
    if np.all(leak == 1):
        return nir.IF(r=gain / dt, v_threshold=threshold, v_reset=v_reset, metadata=meta)
    if np.any(leak == 1):
        msg = "some neurons of a layer leak and some do not, which no node of NIR can say"
        raise ParameterError(msg)
    return nir.LIF(
        tau=dt / (1 - leak), r=gain / (1 - leak), v_leak=np.zeros_like(leak),
        v_threshold=threshold, v_reset=v_reset, metadata=meta,
    )  # fmt: skip


def _current_based(layer: SynapticLIF, shape: torch.Size, dt: float, meta: dict[str, Any]) -> Any:  # noqa: ANN401
    import nir

    leak, decay = _full(layer.leak, shape), _full(layer.decay, shape)
    if np.any(leak == 1) or np.any(decay == 1):
        msg = (
            "neurons with a synaptic current that do not leak, or whose current does not decay, have "
            "no node in NIR"
        )
        raise ParameterError(msg)
    return nir.CubaLIF(
        tau_syn=dt / (1 - decay), tau_mem=dt / (1 - leak), r=_full(layer.gain, shape) / (1 - leak),
        v_leak=np.zeros_like(leak), v_threshold=_full(layer.threshold, shape),
        v_reset=_full(layer.reset_to, shape), w_in=_full(layer.weight, shape) / (1 - decay),
        metadata=meta,
    )  # fmt: skip


def _conv(layer: nn.Conv1d | nn.Conv2d, before: torch.Size) -> Any:  # noqa: ANN401
    import nir

    if layer.padding_mode != "zeros":
        msg = f"a convolution pads with {layer.padding_mode!r}; NIR only knows zeros"
        raise ParameterError(msg)
    bias = np.zeros(layer.out_channels) if layer.bias is None else _array(layer.bias)
    sizes = {"stride": layer.stride, "padding": layer.padding, "dilation": layer.dilation}
    if isinstance(layer, nn.Conv1d):
        single = {k: v if isinstance(v, str) else v[0] for k, v in sizes.items()}
        return nir.Conv1d(
            int(before[-1]), _array(layer.weight), groups=layer.groups, bias=bias, **single
        )
    shape = (int(before[-2]), int(before[-1]))
    return nir.Conv2d(shape, _array(layer.weight), groups=layer.groups, bias=bias, **sizes)


def _pool(layer: nn.AvgPool2d) -> Any:  # noqa: ANN401
    import nir

    sizes = [np.broadcast_to(v, 2) for v in (layer.kernel_size, layer.stride, layer.padding)]
    if layer.divisor_override not in (None, 1):
        msg = f"{layer} divides by {layer.divisor_override}; NIR sums or averages"
        raise ParameterError(msg)
    kind = nir.SumPool2d if layer.divisor_override == 1 else nir.AvgPool2d
    return kind(*(size.copy() for size in sizes))


def _scale(layer: BatchNormThroughTime, shape: torch.Size) -> Any:  # noqa: ANN401
    """Return the mean scale over time, with the statistics of every step in the metadata."""
    import nir

    tensors = {"gamma": layer.gamma, "running_mean": layer.running_mean,
               "running_var": layer.running_var}  # fmt: skip
    mean = (layer.gamma * torch.rsqrt(layer.running_var + 1e-4)).mean(dim=0)
    mean = mean.reshape(-1, *(1 for _ in shape[1:]))
    return nir.Scale(_full(mean, shape), metadata={k: _array(t) for k, t in tensors.items()})


def _array(tensor: Tensor) -> np.ndarray[Any, Any]:
    return tensor.detach().numpy(force=True)


def _full(tensor: Tensor, shape: torch.Size) -> np.ndarray[Any, Any]:
    """Return one float64 value per neuron; decimals such as 0.9 keep what float32 makes of them."""
    return np.broadcast_to(_array(tensor).astype(np.float64), tuple(shape)).copy()
