"""Seeded generators of torch, its global ones too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ..base.seeds import derive_seed

_CPU = torch.device("cpu")


def torch_generator(seed: int, *names: str | int, device: torch.device = _CPU) -> torch.Generator:
    """A torch generator for the named purpose; that of the CPU gives the same draws whatever device computes.

    One of another device draws there, from the same seed, and other numbers.
    """
    return torch.Generator(device).manual_seed(derive_seed(seed, *names))


@contextmanager
def global_seed(seed: int, *names: str | int) -> Iterator[None]:
    """Seeds torch's global generators (weight initialization, dropout) inside the block, and restores them."""
    with torch.random.fork_rng(devices=[torch.cuda.current_device()] if torch.cuda.is_initialized() else []):
        torch.manual_seed(derive_seed(seed, *names))
        yield
