"""Seeded generators of torch, its global ones too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ..base.seeds import derive_seed


def torch_generator(seed: int, *names: str | int) -> torch.Generator:
    """A CPU torch generator for the named purpose: the same draws whatever device computes."""
    return torch.Generator().manual_seed(derive_seed(seed, *names))


@contextmanager
def global_seed(seed: int, *names: str | int) -> Iterator[None]:
    """Seeds torch's global generators (weight initialization, dropout) inside the block, and restores them."""
    with torch.random.fork_rng(devices=[torch.cuda.current_device()] if torch.cuda.is_initialized() else []):
        torch.manual_seed(derive_seed(seed, *names))
        yield
