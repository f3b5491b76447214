"""What this machine has for stages: cores, memory, GPUs with their memory."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import torch
from loky import cpu_count

_MEMINFO, _GROUP = Path("/proc/meminfo"), Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Device:
    """A GPU: what CUDA_VISIBLE_DEVICES calls it, and its free memory in MiB."""

    name: str
    memory: float


@dataclass(frozen=True)
class Resources:
    """Free memory in MiB, and the GPUs that stages may use."""

    memory: float
    devices: tuple[Device, ...] = ()


def cores() -> int:
    """The cores that this process may use, whatever its affinity, its container or LOKY_MAX_CPU_COUNT say."""
    return int(cpu_count())


def free_resources(device: str) -> Resources:
    """What is free now, for stages on devices of that type, or on that one, such as cuda:1, alone."""
    kind, _, number = device.partition(":")
    devices = _cuda_devices() if kind == "cuda" else ()
    return Resources(_free_memory(), devices[int(number) :][:1] if number else devices)


def _free_memory() -> float:
    """Of the machine, or of the container where that leaves less. MiB."""
    if not _MEMINFO.exists():  # macOS
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**20
    told = dict(line.split(":") for line in _MEMINFO.read_text().splitlines())
    free = int(told["MemAvailable"].split()[0]) / 1024
    limit = _GROUP / "memory.max"
    if limit.exists() and (most := limit.read_text().strip()) != "max":
        used = int((_GROUP / "memory.current").read_text())
        told = dict(line.split() for line in (_GROUP / "memory.stat").read_text().splitlines())
        free = min(free, (int(most) - used + int(told["inactive_file"])) / 2**20)  # files read are given back
    return free


def _cuda_devices() -> tuple[Device, ...]:
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = visible.split(",") if visible else list(map(str, range(torch.cuda.device_count())))
    return tuple(Device(name, torch.cuda.mem_get_info(number)[0] / 2**20) for number, name in enumerate(names))
