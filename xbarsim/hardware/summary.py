"""This module is what a network on crossbars says about itself: its arrays, and each of its layers."""

from dataclasses import dataclass, replace

from torch import nn

from xbarsim.errors import ParameterError
from xbarsim.hardware.reading import ReadParams
from xbarsim.mapping import MappingSpec
from xbarsim.parameters import CrossbarParams, DeviceParams


@dataclass(frozen=True)
class LayerSummary:
    """What happened to one layer.

    Attributes:
        name: Name of the layer in the network.
        n_tiles: Tiles it takes (each holds a positive and a negative array).
        raw_gain: Least-squares scale that raw currents would need; 1 means no loss.
        validated: Name of the record that covers it, or "unvalidated".
        residual: What compensation left before variation; None without compensation.
        kept_gain: Gain of compensated arrays over that of the arrays as they were; likewise.
        fit_error: Largest error of models fitted to its arrays, on spike patterns held out, as a
            share of an array's largest current; None where nothing was fitted.
    """

    name: str
    n_tiles: int
    raw_gain: float
    validated: str
    residual: float | None = None
    kept_gain: float | None = None
    fit_error: float | None = None


@dataclass(frozen=True)
class ArraySummary:
    """What all layers of a network share.

    Attributes:
        crossbar: Size of a tile and its resistances. [Ω]
        device: Conductance range and variation. [S]
        mapping: How weights became conductances.
        reading: What wires, noise and converters do to every read.
        chip: Number of the chip.
        corrected: Images on which every output got a digital scale and offset; 0 without.
    """

    crossbar: CrossbarParams
    device: DeviceParams
    mapping: MappingSpec
    reading: ReadParams
    chip: int
    corrected: int = 0


def layer_summaries(network: nn.Module) -> tuple[LayerSummary, ...]:
    """Return what ``to_crossbar`` did to each layer of the network that it returned.

    Raises:
        ParameterError: If the network does not come from ``to_crossbar``.
    """
    summaries = getattr(network, "layer_summaries", None)
    if not isinstance(summaries, tuple):
        raise ParameterError(_NOT_OURS)
    return summaries


def array_summary(network: nn.Module) -> ArraySummary:
    """Return what arrays ``to_crossbar`` put a network on.

    Raises:
        ParameterError: If the network does not come from ``to_crossbar``.
    """
    summary = getattr(network, "array_summary", None)
    if not isinstance(summary, ArraySummary):
        raise ParameterError(_NOT_OURS)
    return summary


def keep_summaries(source: nn.Module, result: nn.Module, *, corrected: int = 0) -> None:
    """Let what was made from a network of ``to_crossbar`` say the same of itself, and ``corrected``."""
    if isinstance(summary := getattr(source, "array_summary", None), ArraySummary):
        result.array_summary = replace(summary, corrected=corrected or summary.corrected)  # type: ignore[assignment]
        result.layer_summaries = layer_summaries(source)  # type: ignore[assignment]


_NOT_OURS = "this network was not made by to_crossbar, so nothing is known about its layers"
