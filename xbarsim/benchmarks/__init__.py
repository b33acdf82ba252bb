"""Benchmarks: speed and accuracy as ratios against peers, all measured in the same run."""

from xbarsim.benchmarks.gate import run_gate as run_gate
from xbarsim.benchmarks.run import run_benchmarks as run_benchmarks
