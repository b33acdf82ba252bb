"""Benchmarks: speed and accuracy as ratios against peers, all measured in the same run."""

from xbarsim.benchmarks.run import run_benchmarks as run_benchmarks
