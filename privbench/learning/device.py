"""The device that a run computes on, and how."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from lightning_fabric import Fabric
from lightning_fabric.plugins import MixedPrecision

from ..base.errors import PrivbenchError

PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")
DEVICES = ("auto", "cpu", "cuda", "mps")
BATCHES = ("protocol", "auto")

# In every process it would advise to round the products of 32-true.
logging.getLogger("lightning_fabric").setLevel(logging.WARNING)


def chosen_device(device: str, precision: str, elsewhere: bool = False) -> str:
    """The device of that name, such as cpu, cuda, or cuda:1 of several; auto is the best that this machine has.

    `elsewhere` tells that other machines compute: a device that is named need not be here, and has no number. Raises
    PrivbenchError where there is no such device or precision, here or at all.
    """
    numbered = re.fullmatch(r"cuda:(\d+)", device)
    if numbered is None and device not in DEVICES:
        raise PrivbenchError(
            f"There is no device {device!r}: choose one of {', '.join(DEVICES)}, or cuda:1 of several."
        )
    if precision not in PRECISIONS:
        raise PrivbenchError(f"There is no precision {precision!r}: choose one of {', '.join(PRECISIONS)}.")
    if numbered is not None:
        if elsewhere:
            raise PrivbenchError(f"A cluster chooses among its GPUs itself: use --device cuda in place of {device}.")
        if int(numbered[1]) >= (count := torch.cuda.device_count()):
            there = {0: "has no CUDA device", 1: "has one, cuda:0"}.get(count, f"has {count}, up to cuda:{count - 1}")
            raise PrivbenchError(f"There is no device {device}, because this machine {there}: choose another --device.")
        return device
    if elsewhere and device == "cuda":
        return device
    if device == "cuda" and not torch.cuda.is_available():
        raise PrivbenchError("There is no CUDA device on this machine: use --device cpu.")
    if device == "mps" and not torch.backends.mps.is_available():
        raise PrivbenchError("There is no Metal device on this machine: use --device cpu.")
    if precision == "16-mixed" and (device == "cpu" or not torch.cuda.is_available()):
        raise PrivbenchError("The precision 16-mixed needs a CUDA device: use bf16-mixed or 32-true.")
    if device != "auto":
        return device
    return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"


def create_fabric(device: str, precision: str) -> Fabric:
    """What computes on that device; one of several that is named becomes torch's own choice.

    Raises PrivbenchError as `chosen_device`.
    """
    chosen = chosen_device(device, precision)
    kind, _, number = chosen.partition(":")
    if number:
        torch.cuda.set_device(int(number))
    if kind == "cuda":
        torch.cuda.init()  # `global_seed` sets and gives back CUDA's generator only once it is initialized
    mixed = None if precision == "32-true" else _Mixed(precision, kind)  # type: ignore[arg-type]
    return Fabric(accelerator=kind, devices=[int(number)] if number else 1, plugins=mixed)


class _Mixed(MixedPrecision):
    """Leaves it to autocast what is rounded: Fabric would round all that a network is given.

    So a network is trained on images as it reads them later, and an affine map does not land half a pixel off.
    """

    def convert_input(self, data: Any) -> Any:
        return data


@contextmanager
def rounded(tf32: bool | None) -> Iterator[None]:
    """Whether a GPU rounds the factors of 32-true to ten bits (TF32), in convolutions and in products of matrices.

    None leaves it as torch has it: in convolutions alone. What was set before is given back.
    """
    products, convolutions = torch.backends.cuda.matmul, torch.backends.cudnn
    before = products.allow_tf32, convolutions.allow_tf32
    if tf32 is not None:
        products.allow_tf32 = convolutions.allow_tf32 = tf32
    try:
        yield
    finally:
        products.allow_tf32, convolutions.allow_tf32 = before


@contextmanager
def deterministic() -> Iterator[None]:
    """Asks torch for deterministic algorithms, and gives back what was set before.

    A few CUDA kernels have no deterministic form (resizing's gradient); torch then warns and goes on.
    """
    before = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    memory: Any = torch.utils.deterministic  # a module that puts a class of settings in its place
    filled = memory.fill_uninitialized_memory
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    # Every result would be filled before it is computed, for programs that read memory which they have not written.
    memory.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        memory.fill_uninitialized_memory = filled
