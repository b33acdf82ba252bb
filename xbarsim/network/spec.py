"""This module is the network as data: widths and pools in a row, not a class per network."""

from typing import Literal

from xbarsim.errors import ParameterError, did_you_mean
from xbarsim.parameters.base import Parameters
from xbarsim.units import Count

Feature = Count | Literal["A"]


class NetworkSpec(Parameters):
    """A feed-forward, bias-free, VGG-style network.

    ``features`` lists 3x3 convolutions (stride 1, padding 1) by their width, and ``A`` for 2x2
    average pooling; ``hidden`` lists the fully connected layers before the classifier.
    """

    name: str
    """Name of the network."""
    input_shape: tuple[Count, Count, Count]
    """Channels, height and width of an image."""
    features: tuple[Feature, ...]
    """Convolutional part."""
    hidden: tuple[Count, ...]
    """Widths of the hidden fully connected layers."""
    classes: Count = 10
    """Number of classes."""


_VGG5: tuple[Feature, ...] = (64, "A", 128, 128, "A")
_VGG9: tuple[Feature, ...] = (64, 64, "A", 128, 128, "A", 256, 256, 256, "A")
_DEEP: tuple[Feature, ...] = (512, 512, "A", 512, 512, "A")
_VGG11: tuple[Feature, ...] = (64, "A", 128, "A", 256, 256, "A", *_DEEP)
_VGG16: tuple[Feature, ...] = (
    *(64, 64, "A", 128, 128, "A", 256, 256, 256, "A"),
    *(512, 512, 512, "A", 512, 512, 512, "A"),
)

_SPECS = {
    spec.name: spec
    for spec in (
        NetworkSpec(
            name="vgg-digits",
            input_shape=(1, 8, 8),
            features=(32, 32, "A", 64, 64, "A"),
            hidden=(128,),
        ),
        NetworkSpec(name="vgg5-mnist", input_shape=(1, 28, 28), features=_VGG5, hidden=(1024,)),
        NetworkSpec(name="vgg5-cifar10", input_shape=(3, 32, 32), features=_VGG5, hidden=(1024,)),
        NetworkSpec(name="vgg9-cifar10", input_shape=(3, 32, 32), features=_VGG9, hidden=(1024,)),
        NetworkSpec(name="vgg11-cifar10", input_shape=(3, 32, 32), features=_VGG11, hidden=(4096,)),
        NetworkSpec(
            name="vgg16-cifar10", input_shape=(3, 32, 32), features=_VGG16, hidden=(4096, 4096)
        ),
    )
}


def network_spec(name: str | NetworkSpec) -> NetworkSpec:
    """Return a named specification; one that is given itself comes back.

    Raises:
        ParameterError: If no network has that name.
    """
    if isinstance(name, NetworkSpec):
        return name
    if name not in _SPECS:
        msg = (
            f"no network is called {name!r}; {did_you_mean(name, _SPECS)}known: {', '.join(_SPECS)}; "
            "or write its layers out"
        )
        raise ParameterError(msg)
    return _SPECS[name]
