"""What is freed and wanted again is not asked of the system twice."""

import resource
import sys

import pytest
import torch

from privbench.base.memory import freed_memory_kept


def faults_of(work) -> int:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    work()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def fill_and_free():
    for _ in range(20):
        torch.ones(16 * 2**20)  # 64 MiB, 16,384 pages


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's malloc")
def test_pages_are_asked_for_once():
    with freed_memory_kept():
        fill_and_free()
        assert faults_of(fill_and_free) < 16_384
        resident = _resident()
    assert _resident() < resident - 30 * 2**20, "at the end they are given back"


def _resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()
