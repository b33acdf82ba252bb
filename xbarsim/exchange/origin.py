"""This module is the question which framework a module comes from, asked without importing one."""

from torch import nn

FRAMEWORKS = ("snntorch", "spikingjelly", "norse")


def framework_of(module: nn.Module) -> str:
    """Return the framework that defines a module's class, or an empty string."""
    home = type(module).__module__.split(".")[0]
    return home if home in FRAMEWORKS else ""


def frameworks_in(network: nn.Module) -> list[str]:
    """Return the frameworks that a network's modules come from."""
    return sorted({framework_of(module) for module in network.modules()} - {""})
