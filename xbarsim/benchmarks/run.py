"""This module is the list of benchmarks."""

from typing import Any

from xbarsim.benchmarks.effective import bench_effective
from xbarsim.benchmarks.inference import bench_inference
from xbarsim.benchmarks.machine import machine
from xbarsim.benchmarks.models import bench_models


def run_benchmarks(*, quick: bool) -> dict[str, dict[str, Any]]:
    """Run every benchmark and return its figures, each a value and the bar it is held to."""
    where = machine()
    results = {
        "effective": bench_effective(quick=quick),
        "models": bench_models(quick=quick),
        "inference": bench_inference(quick=quick),
    }
    return {name: {"figures": figures, "machine": where} for name, figures in results.items()}
