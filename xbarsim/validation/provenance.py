"""This module is the versions of everything that computes, for the record."""

import platform
from importlib.metadata import version

_LIBRARIES = ("xbarsim", "numpy", "scipy", "numba", "torch")


def versions_now() -> dict[str, str]:
    """Return name and version of Python and the libraries."""
    return {"python": platform.python_version()} | {name: version(name) for name in _LIBRARIES}
