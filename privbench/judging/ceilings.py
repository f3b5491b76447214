"""How fast this machine can multiply, copy and decode at best: what the rates of a run are held against."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ..datasets.radiographs import read_grey

_SIDE, _COPIED = 1024, 2**28
"""Of the matrices that are multiplied, and the bytes that are copied: far more than a cache holds."""
_DEVICE_SIDE, _DEVICE_COPIED = 8192, 2**30
_LASTS = 0.4  # seconds that each is repeated for, at least three times; the fastest counts
_PNG_SIDE, _READ_SIDE = 1024, 256
MATRIX, COPY, DECODE = "matrix rate", "memory bandwidth", "decode rate"
CPU, CUDA = "cpu", "cuda"


@dataclass(frozen=True)
class Ceiling:
    """What was measured, where, with so many threads of a processor (None on a device), and in which precision.

    `rate` is in operations a second (a multiplication and an addition are two), in bytes a second (read and written
    both count), or in images a second.
    """

    what: str
    device: str
    threads: int | None
    precision: str
    rate: float


def measure_ceilings(threads: int = 1) -> list[Ceiling]:
    """Those of this machine, in a few seconds: with one thread, so many, and one a core; and of its CUDA device."""
    found = []
    for count in sorted({1, threads, os.cpu_count() or 1}):
        with _threads(count):
            found += [
                Ceiling(MATRIX, CPU, count, "32-true", _products(_SIDE, torch.float32, CPU)),
                Ceiling(COPY, CPU, count, "", _copies(_COPIED, CPU)),
            ]
    found.append(Ceiling(DECODE, CPU, 1, "", _decoded()))
    if torch.cuda.is_available():
        for precision, kind in (("32-true", torch.float32), ("bf16-mixed", torch.bfloat16)):
            found.append(Ceiling(MATRIX, CUDA, None, precision, _products(_DEVICE_SIDE, kind, CUDA)))
        found.append(Ceiling(COPY, CUDA, None, "", _copies(_DEVICE_COPIED, CUDA)))
    return found


def matrix_ceiling(ceilings: Sequence[Ceiling], device: str, threads: int, precision: str) -> float | None:
    """The rate of products on such a device; of a processor with so many threads, in the precision 32-true."""
    wanted = (device, None, precision) if device != CPU else (CPU, threads, "32-true")
    return next(
        (one.rate for one in ceilings if one.what == MATRIX and (one.device, one.threads, one.precision) == wanted),
        None,
    )


def _products(side: int, kind: torch.dtype, device: str) -> float:
    one = torch.rand(side, side, dtype=kind, device=device)
    made = torch.empty_like(one)
    return 2 * side**3 / _fastest(lambda: torch.mm(one, one, out=made), device)


def _copies(count: int, device: str) -> float:
    one = torch.zeros(count, dtype=torch.uint8, device=device)
    other = torch.ones_like(one)
    return 2 * count / _fastest(lambda: other.copy_(one), device)


def _decoded() -> float:
    """PNGs of the size that ChestX-ray14 publishes, of shades and noise as a radiograph has, as a run reads them."""
    shades = np.random.default_rng(0).normal(size=(_PNG_SIDE, _PNG_SIDE)).cumsum(0).cumsum(1)
    greys = 40 + 170 * (shades - shades.min()) / np.ptp(shades)
    noisy = greys + np.random.default_rng(1).normal(0, 2, greys.shape)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "image.png"
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(file)
        return 1 / _fastest(lambda: read_grey(file, _READ_SIDE), CPU)


def _fastest(work: Callable[[], object], device: str) -> float:
    """Seconds of the fastest of several times."""
    _timed(work, device)  # the first one takes memory, and wakes what sleeps
    times = [_timed(work, device) for _ in range(3)]
    while sum(times) < _LASTS:
        times.append(_timed(work, device))
    return min(times)


def _timed(work: Callable[[], object], device: str) -> float:
    begun = time.perf_counter()
    work()
    if device == CUDA:
        torch.cuda.synchronize()
    return time.perf_counter() - begun


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
