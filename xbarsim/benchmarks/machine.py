"""This module is the machine that a benchmark ran on, in words."""

import platform
from importlib.metadata import version
from pathlib import Path

from xbarsim.fast.tiles import cores


def machine() -> dict[str, object]:
    """Return processor, cores and versions."""
    info = Path("/proc/cpuinfo")
    names = (
        [line for line in info.read_text().splitlines() if "model name" in line]
        if info.exists()
        else []
    )
    return {
        "processor": names[0].split(":")[1].strip() if names else platform.processor(),
        "cores": cores(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("numpy", "scipy", "numba", "torch")},
    }
