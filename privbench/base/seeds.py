"""Every random draw of a run comes from one seed and the name of what draws."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch


def derive_seed(seed: int, *names: str | int) -> int:
    """A 63-bit seed for the named purpose.

    Derived by SHA-256, so that neighbouring seeds and names share nothing, and a new purpose leaves the
    draws of all others as they were.
    """
    text = "/".join([str(seed), *map(str, names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def numpy_generator(seed: int, *names: str | int) -> np.random.Generator:
    """A numpy generator for the named purpose."""
    return np.random.default_rng(derive_seed(seed, *names))


def torch_generator(seed: int, *names: str | int) -> torch.Generator:
    """A CPU torch generator for the named purpose: the same draws whatever device computes."""
    import torch  # here and below, so that reading score files need not wait for it

    return torch.Generator().manual_seed(derive_seed(seed, *names))


@contextmanager
def global_seed(seed: int, *names: str | int) -> Iterator[None]:
    """Seeds torch's global generators (weight initialization, dropout) inside the block, and restores them."""
    import torch

    with torch.random.fork_rng(devices=[torch.cuda.current_device()] if torch.cuda.is_initialized() else []):
        torch.manual_seed(derive_seed(seed, *names))
        yield
