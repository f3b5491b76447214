"""Measures a stage: seconds, and the most memory that the process held while it ran."""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Meter:
    """A context manager; `seconds`, `processor_seconds`, `peak_memory_mib` and `device_memory_mib` hold after it.

    The processor's are those of all threads of this process; processes that help it do not count.

    The peak is the resident set's on Linux, where it can be reset, and the process's so far elsewhere; processes that
    help it do not count. `device_memory_mib` is of a CUDA device, None where none is in use.
    """

    seconds: float
    processor_seconds: float
    peak_memory_mib: float
    device_memory_mib: float | None

    def __enter__(self) -> Meter:
        if os.access(_RESET, os.W_OK):
            _RESET.write_text("5")  # resets the high-water mark (proc(5))
        if (cuda := _cuda()) is not None:
            cuda.reset_peak_memory_stats()
        self._start, self._used = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = round(time.perf_counter() - self._start, 3)
        self.processor_seconds = round(time.process_time() - self._used, 3)
        cuda = _cuda()
        self.peak_memory_mib = round(_host_peak_mib(), 1)
        # What torch keeps for later counts too: other processes cannot have it.
        self.device_memory_mib = None if cuda is None else round(cuda.max_memory_reserved() / 2**20, 1)


def _cuda() -> Any:
    """torch.cuda where a device is in use; None also where torch is not loaded, which is left so."""
    torch = sys.modules.get("torch")
    return torch.cuda if torch is not None and torch.cuda.is_initialized() else None


def _host_peak_mib() -> float:
    if _STATUS.exists():
        for line in _STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20
