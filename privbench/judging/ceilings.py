"""How fast this machine can multiply, copy and decode at best: what the rates of a run are held against."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ..datasets.radiographs import read_grey
from ..learning.device import rounded
from ..running.environment import rounds

_SIDE, _COPIED = 1024, 2**28
"""Of the matrices that are multiplied, and the bytes that are copied: far more than a cache holds."""
_DEVICE_SIDE, _DEVICE_COPIED = 8192, 2**30
_LASTS = 0.4  # seconds that each is repeated for, at least three times; the fastest counts
_PNG_SIDE, _READ_SIDE = 1024, 256
_IN_TURN = 4  # files that each helper decodes, one after the other, so that none idles long at the end
MATRIX, COPY, DECODE = "matrix rate", "memory bandwidth", "decode rate"
CPU, CUDA = "cpu", "cuda"


@dataclass(frozen=True)
class Arithmetic:
    """The precision that products are computed in, and whether a GPU rounds the factors of 32-true to TF32."""

    precision: str
    tf32: bool = False

    def __str__(self) -> str:
        return f"{self.precision}, TF32" if self.tf32 else self.precision


@dataclass(frozen=True)
class Computing:
    """On what trainings ran: the type of a device, the threads of a processor, and its arithmetic.

    Where a GPU rounded the factors of convolutions alone, `arithmetic` is that of these: nothing was faster.
    """

    device: str
    threads: int
    arithmetic: Arithmetic


@dataclass(frozen=True)
class Ceiling:
    """What was measured, where, with so many threads of a processor (None on a device), and of products in what.

    `rate` is in operations a second (a multiplication and an addition are two), in bytes a second (read and written
    both count), or in pixels of a file a second.
    """

    what: str
    device: str
    threads: int | None
    arithmetic: Arithmetic | None
    rate: float


@dataclass(frozen=True)
class Bounds:
    """What the rates of products, of optimizers and of reading images are held against; None where nothing is known."""

    matrix: Ceiling | None = None
    copy: Ceiling | None = None
    decode: Ceiling | None = None


_FULL = Arithmetic("32-true")
_KINDS = {"32-true": torch.float32, "bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
_OF_GPUS = (_FULL, Arithmetic("32-true", tf32=True), Arithmetic("bf16-mixed"), Arithmetic("16-mixed"))


def computing_of(device: Mapping[str, str]) -> Computing:
    """On what the trainings of a run ran whose record tells that of its device."""
    kind, precision = device.get("type", CPU), device.get("precision", _FULL.precision)
    tf32 = kind == CUDA and precision == _FULL.precision and rounds(device)
    return Computing(kind, int(device.get("threads", 1)), Arithmetic(precision, tf32))


def measure_ceilings(ran: Computing, helpers: int | None = None) -> list[Ceiling]:
    """Those of this machine, in a few seconds: of its processor, and of its CUDA device.

    Args:
        ran: a processor's products and copies are made with one thread, with as many as it says, and with one a core;
            in 32-true, and in the arithmetic of what ran on a processor.
        helpers: so many images at a time are decoded; None where that is not asked for.
    """
    found = []
    for count in sorted({1, ran.threads, os.cpu_count() or 1}):
        with _threads(count):
            for one in dict.fromkeys((_FULL, ran.arithmetic if ran.device == CPU else _FULL)):
                found.append(Ceiling(MATRIX, CPU, count, one, _products(_SIDE, one, CPU)))
            found.append(Ceiling(COPY, CPU, count, None, _copies(_COPIED, CPU)))
    if helpers is not None:
        found.append(Ceiling(DECODE, CPU, helpers, None, _decoded(helpers)))
    if torch.cuda.is_available():
        found += [Ceiling(MATRIX, CUDA, None, one, _products(_DEVICE_SIDE, one, CUDA)) for one in _OF_GPUS]
        found.append(Ceiling(COPY, CUDA, None, None, _copies(_DEVICE_COPIED, CUDA)))
    return found


def bounds_of(ceilings: Sequence[Ceiling], ran: Computing, helpers: int | None = None) -> Bounds:
    """Those of the same device, with as many threads, in the same arithmetic; and of as many helpers."""
    threads = ran.threads if ran.device == CPU else None
    by_what = {(one.what, one.device, one.threads, one.arithmetic): one for one in ceilings}
    return Bounds(
        matrix=by_what.get((MATRIX, ran.device, threads, ran.arithmetic)),
        copy=by_what.get((COPY, ran.device, threads, None)),
        decode=by_what.get((DECODE, CPU, helpers, None)),
    )


def _products(side: int, arithmetic: Arithmetic, device: str) -> float:
    one = torch.rand(side, side, device=device).to(_KINDS[arithmetic.precision])
    made = torch.empty_like(one)
    with rounded(arithmetic.tf32):
        return 2 * side**3 / _fastest(lambda: torch.mm(one, one, out=made), device)


def _copies(count: int, device: str) -> float:
    one = torch.zeros(count, dtype=torch.uint8, device=device)
    other = torch.ones_like(one)
    return 2 * count / _fastest(lambda: other.copy_(one), device)


def _decoded(helpers: int) -> float:
    """PNGs of the size that ChestX-ray14 publishes, of shades and noise as a radiograph has, as a run reads them.

    So many at a time, in pixels of the files a second.
    """
    shades = np.random.default_rng(0).normal(size=(_PNG_SIDE, _PNG_SIDE)).cumsum(0).cumsum(1)
    greys = 40 + 170 * (shades - shades.min()) / np.ptp(shades)
    noisy = greys + np.random.default_rng(1).normal(0, 2, greys.shape)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(helpers) as pool:
        files = [Path(folder) / "image.png"] * helpers * _IN_TURN
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(files[0])
        read = partial(read_grey, size=_READ_SIDE)
        return len(files) * _PNG_SIDE**2 / _fastest(lambda: list(pool.map(read, files)), CPU)


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
