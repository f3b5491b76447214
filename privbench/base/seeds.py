"""Every random draw of a run comes from one seed and the name of what draws."""

from __future__ import annotations

import hashlib

import numpy as np


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
