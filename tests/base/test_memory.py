"""What is freed and wanted again is not asked of the system twice."""

import subprocess
import sys

import pytest

SCRIPT = """
import resource
import numpy as np
from privbench.base.memory import freed_memory_kept

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        np.ones(64 * 2**20, np.uint8)  # 16,384 pages
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()

with freed_memory_kept():
    faults()
    print(faults() < 16_384)
    held = resident()
print(resident() < held - 30 * 2**20)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's malloc")
def test_pages_are_asked_for_once_and_given_back_at_the_end():
    """In a process of its own, whose memory nobody else has been at."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True"] * 2
