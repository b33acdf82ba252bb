"""This module is the list of benchmarks."""

from collections.abc import Sequence
from typing import Any

from xbarsim.benchmarks.calibration import bench_calibration
from xbarsim.benchmarks.campaign import bench_campaign, bench_campaign_kills
from xbarsim.benchmarks.effective import bench_effective
from xbarsim.benchmarks.gpu import bench_gpu
from xbarsim.benchmarks.inference import bench_inference
from xbarsim.benchmarks.learning import bench_learning
from xbarsim.benchmarks.machine import machine
from xbarsim.benchmarks.models import bench_models
from xbarsim.benchmarks.peers import bench_peers
from xbarsim.benchmarks.scaling import bench_scaling
from xbarsim.benchmarks.spice import bench_spice
from xbarsim.benchmarks.spice_accuracy import bench_spice_accuracy
from xbarsim.benchmarks.tiles import bench_tiles
from xbarsim.benchmarks.vgg9 import bench_vgg9
from xbarsim.benchmarks.vgg9_fits import bench_vgg9_fits
from xbarsim.errors import ParameterError, did_you_mean
from xbarsim.progress import track

_BENCHMARKS: dict[str, Any] = {
    "effective": bench_effective,
    "peers": bench_peers,
    "scaling": bench_scaling,
    "gpu": bench_gpu,
    "models": bench_models,
    "inference": bench_inference,
    "learning": bench_learning,
    "tiles": bench_tiles,
    "vgg9": bench_vgg9,
    "vgg9-fits": bench_vgg9_fits,
    "spice": bench_spice,
    "spice-accuracy": bench_spice_accuracy,
    "campaign": bench_campaign,
    "campaign-kills": bench_campaign_kills,
    "calibration": bench_calibration,
}


def run_benchmarks(*, quick: bool, names: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
    """Run benchmarks and return their figures, each a value and the bar it is held to, and notes.

    Args:
        quick: Measure less.
        names: Those to run; all when none is named.

    Raises:
        ParameterError: If a name is unknown.
    """
    unknown = set(names) - _BENCHMARKS.keys()
    if unknown:
        hint = did_you_mean(min(unknown), _BENCHMARKS)
        msg = f"no benchmark is called {min(unknown)!r}; {hint}there are {', '.join(_BENCHMARKS)}"
        raise ParameterError(msg)
    chosen = {name: bench for name, bench in _BENCHMARKS.items() if not names or name in names}
    where = machine()
    results = {}
    for name, bench in track(chosen.items(), "benchmarks", len(chosen)):
        measured = bench(quick=quick)
        figures, notes = measured if isinstance(measured, tuple) else (measured, {})
        results[name] = {"figures": figures, "machine": where}
        if notes:
            results[name]["notes"] = notes
    return results
