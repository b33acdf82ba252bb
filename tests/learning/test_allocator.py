"""A process that keeps freed memory does not ask the system for the same pages again."""

import platform
import subprocess
import sys

from xbarsim.learning import keep_freed_memory

PAGES = """
import resource
import torch
from xbarsim.learning import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.empty(25_000_000).fill_(1.0)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
without = faults()
kept = keep_freed_memory()
for _ in range(20):  # until the heap has a place of that size
    faults()
print(kept, without, sorted(faults() for _ in range(5))[2])
"""


def test_pages_are_kept():
    if platform.libc_ver()[0] != "glibc":
        assert not keep_freed_memory()
        return
    # In a process of its own, as the setting cannot be taken back.
    result = subprocess.run(
        [sys.executable, "-c", PAGES], capture_output=True, text=True, check=True
    )
    kept, without, with_it = result.stdout.split()
    assert kept == "True"
    assert int(without) > 40
    assert int(with_it) < 0.1 * int(without)
