"""This module is the list of benchmarks."""

from collections.abc import Sequence
from typing import Any

from xbarsim.benchmarks.calibration import bench_calibration
from xbarsim.benchmarks.effective import bench_effective
from xbarsim.benchmarks.inference import bench_inference
from xbarsim.benchmarks.learning import bench_learning
from xbarsim.benchmarks.machine import machine
from xbarsim.benchmarks.models import bench_models
from xbarsim.benchmarks.spice import bench_spice
from xbarsim.errors import ParameterError
from xbarsim.progress import track

_BENCHMARKS = {
    "effective": bench_effective,
    "models": bench_models,
    "inference": bench_inference,
    "learning": bench_learning,
    "spice": bench_spice,
    "calibration": bench_calibration,
}


def run_benchmarks(*, quick: bool, only: Sequence[str] | None = None) -> dict[str, dict[str, Any]]:
    """Run every benchmark and return its figures, each a value and the bar it is held to.

    Args:
        quick: Smaller and fewer.
        only: Names of the benchmarks to run; all by default.

    Raises:
        ParameterError: A name is not known.
    """
    for name in only or ():
        if name not in _BENCHMARKS:
            msg = f"no benchmark is called {name!r}; known: {', '.join(_BENCHMARKS)}"
            raise ParameterError(msg)
    where = machine()
    results = {}
    for name in track(only or list(_BENCHMARKS), "benchmarks", len(only or _BENCHMARKS)):
        results[name] = {"figures": _BENCHMARKS[name](quick=quick), "machine": where}
    return results
