"""Which share of a time a GPU had something to do: by nvidia-smi or, where that does not tell, by its own kernels."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Iterable
from functools import cache
from typing import Any, Self

import seeds_together
import torch

_EVERY = 100  # milliseconds between two looks
_FEWEST = 5


class Busy:
    """A context manager; `share` tells of what was done last in it."""

    def __init__(self, on_gpu: bool) -> None:
        self._on_gpu = on_gpu
        self._looks: list[tuple[float, float]] = []
        self._process: subprocess.Popen[str] | None = None
        self._profile: Any = None
        self._ended = 0.0

    def __enter__(self) -> Self:
        if self._on_gpu and _tells():
            line = [*_asked(), f"--loop-ms={_EVERY}"]
            pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
            self._process = subprocess.Popen(line, text=True, start_new_session=True, **pipes)
            seeds_together.RUNNING.append(self._process)
            threading.Thread(target=self._look, daemon=True).start()
        elif self._on_gpu:
            self._profile = torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA])
            self._profile.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._ended = time.monotonic()
        if self._process is not None:
            seeds_together.end(self._process)
        if self._profile is not None:
            self._profile.__exit__(*error)

    def _look(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.strip().isdigit():
                self._looks.append((time.monotonic(), int(line) / 100))

    def share(self, seconds: float, after: float) -> tuple[float | None, str]:
        """Of that many seconds, which ended so many before the block did, 0 to 1, and how it is known; None if not."""
        until = self._ended - after
        looks = [share for at, share in list(self._looks) if until - seconds <= at <= until]
        if len(looks) >= _FEWEST:
            return sum(looks) / len(looks), f"mean of {len(looks)} looks by nvidia-smi"
        if self._profile is not None:
            spans = [
                (one.time_range.start, one.time_range.end) for one in self._profile.events() if one.device_time > 0
            ]
            if (found := covered(spans)) is not None:
                return found, "by kernels, with torch's profiler, which slows the host down"
        return None, "too short to be told" if self._process else "neither nvidia-smi nor torch's profiler tells"


def _asked() -> list[str]:
    """The question of how busy this process's GPU is, in per cent."""
    gpu = f"--id=GPU-{torch.cuda.get_device_properties(0).uuid}"
    return ["nvidia-smi", gpu, "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]


@cache
def _tells() -> bool:
    """Whether nvidia-smi answers it with a number, and not with [N/A], as of a part of a GPU."""
    if shutil.which("nvidia-smi") is None:
        return False
    try:
        return subprocess.run(_asked(), capture_output=True, text=True, timeout=20).stdout.strip().isdigit()
    except subprocess.TimeoutExpired:
        return False


def covered(spans: Iterable[tuple[float, float]]) -> float | None:
    """Which share of the time of the latter half of the spans lies in one of them, 0 to 1; None of fewer than four."""
    ordered = sorted(spans)
    later = ordered[len(ordered) // 2 :]
    if len(later) < 2:
        return None
    within, until = 0.0, later[0][0]
    for start, end in later:
        within += max(0.0, end - max(start, until))
        until = max(until, end)
    return within / (until - later[0][0]) if until > later[0][0] else None
