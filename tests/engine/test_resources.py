"""What this machine has."""

import os

import pytest

from privbench.engine import resources
from privbench.engine.resources import Device, cores, free_resources


def test_the_cores_of_this_process_are_counted(monkeypatch):
    assert 1 <= cores() <= (os.cpu_count() or 1)
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    assert cores() == 1


def test_free_memory_is_the_machines_or_what_its_container_leaves(tmp_path, monkeypatch):
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:       16384000 kB\nMemFree: 1 kB\nMemAvailable:   8192000 kB\n")
    monkeypatch.setattr(resources, "_MEMINFO", meminfo)
    monkeypatch.setattr(resources, "_GROUP", tmp_path)
    assert free_resources("cpu").memory == 8000
    (tmp_path / "memory.max").write_text("max\n")
    assert free_resources("cpu").memory == 8000
    (tmp_path / "memory.max").write_text(f"{3000 * 2**20}\n")
    (tmp_path / "memory.current").write_text(f"{1000 * 2**20}\n")
    (tmp_path / "memory.stat").write_text(f"anon 5\ninactive_file {400 * 2**20}\n")
    assert free_resources("cpu").memory == 2400, "what was read of files is given back"


@pytest.mark.parametrize(
    ("visible", "names"), [(None, ["0", "1"]), ("3,5", ["3", "5"]), ("GPU-8f,GPU-2a", ["GPU-8f", "GPU-2a"])]
)
def test_each_gpu_that_may_be_used_is_told_with_its_memory(monkeypatch, visible, names):
    if visible is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setattr("torch.cuda.mem_get_info", lambda number: ((number + 1) * 1000 * 2**20, 80000 * 2**20))
    assert free_resources("cuda").devices == (Device(names[0], 1000), Device(names[1], 2000))
    assert free_resources("cuda:1").devices == (Device(names[1], 2000),), "all stages go to the one that is named"
    assert free_resources("cpu").devices == ()
