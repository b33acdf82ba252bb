"""This module is the layers without state that xbarsim takes over from another network."""

import copy

from torch import Tensor, nn

from xbarsim.errors import ParameterError

_KINDS: tuple[type[nn.Module], ...] = (
    nn.Linear, nn.Conv1d, nn.Conv2d, nn.AvgPool1d, nn.AvgPool2d, nn.MaxPool1d, nn.MaxPool2d,
    nn.AdaptiveAvgPool2d, nn.BatchNorm1d, nn.BatchNorm2d, nn.Flatten, nn.ReLU,
)  # fmt: skip
_NOTHING = {"Identity", "Dropout", "Dropout1d", "Dropout2d"}


class Scale(nn.Module):
    """Multiplication by fixed factors, y = k x.

    Attributes:
        factor: k, one number or one per element of a sample.
    """

    factor: Tensor

    def __init__(self, factor: Tensor) -> None:
        super().__init__()
        self.register_buffer("factor", factor.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        """Scale ``x`` [batch, ...]."""
        return x * self.factor


def is_plain(layer: nn.Module) -> bool:
    """Return whether a module is one layer without state, known or not."""
    return type(layer).__module__.startswith("torch.nn") and not any(True for _ in layer.children())


def plain_layers(layer: nn.Module, name: str) -> list[nn.Module]:
    """Return a copy of a layer without state as plain torch has it; nothing for dropout.

    Args:
        layer: Layer of plain torch, or a framework's class that inherits from one.
        name: Name of the layer, for messages.

    Raises:
        ParameterError: If xbarsim has no such layer.
    """
    called = type(layer).__name__
    if called in _NOTHING:
        return []
    # A subclass of another name computes something else, say with standardised weights.
    kind = next((k for k in _KINDS if isinstance(layer, k) and called == k.__name__), None)
    if kind is None:
        known = ", ".join(k.__name__ for k in _KINDS)
        msg = (
            f"layer {name!r} is a {type(layer).__module__}.{called}, which xbarsim "
            f"cannot express; known are {known}, and neurons"
        )
        raise ParameterError(msg)
    if isinstance(layer, nn.Flatten) and layer.start_dim != 1:
        msg = (
            f"layer {name!r} flattens from axis {layer.start_dim}; xbarsim hands layers [batch, ...] "
            "of one time-step, so flatten from axis 1"
        )
        raise ParameterError(msg)
    result = copy.deepcopy(layer).eval()
    result.__class__ = kind
    return [result]
