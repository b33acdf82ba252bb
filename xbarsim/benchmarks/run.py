"""This module is the list of benchmarks."""

from typing import Any

from xbarsim.benchmarks.calibration import bench_calibration
from xbarsim.benchmarks.effective import bench_effective
from xbarsim.benchmarks.inference import bench_inference
from xbarsim.benchmarks.machine import machine
from xbarsim.benchmarks.models import bench_models
from xbarsim.benchmarks.spice import bench_spice
from xbarsim.progress import track

_BENCHMARKS = {
    "effective": bench_effective,
    "models": bench_models,
    "inference": bench_inference,
    "spice": bench_spice,
    "calibration": bench_calibration,
}


def run_benchmarks(*, quick: bool) -> dict[str, dict[str, Any]]:
    """Run every benchmark and return its figures, each a value and the bar it is held to."""
    where = machine()
    results = {}
    for name, bench in track(_BENCHMARKS.items(), "benchmarks", len(_BENCHMARKS)):
        results[name] = {"figures": bench(quick=quick), "machine": where}
    return results
