"""Noise that nobody can draw again who lacks the key: what can be drawn again can be subtracted.

A run's noise comes of a seed that its protocol tells, which serves a measurement. A release needs more than another
seed: of any seed torch's generator takes 32 bits, which are tried out in hours. So its whole state is filled from
the key.
"""

from __future__ import annotations

import hashlib
import hmac

import numpy as np
import torch

_WORDS = 624  # of 32 bits, each in 64: the state of a Mersenne Twister
_STATE = slice(24, 24 + 8 * _WORDS)
_LEFT, _NEXT = slice(8, 12), slice(16, 24)
"""Where torch keeps, in the bytes of a generator's state, the words, how many are to be read yet, and which is next."""


def secret_generator(key: bytes, name: str, pixels: np.ndarray) -> torch.Generator:
    """The generator of an image's noise, on the CPU: the same for the same key, name and image, and for nobody else.

    Two images never share their noise, which would cancel out in the difference of their releases.

    Args:
        key: of the release, 32 bytes, which never lie in it.
        name: the image's, as its source calls it: of two copies each has noise of its own.
        pixels: the image: in two folders there may be two of one name. Shape: any.
    """
    content = hashlib.sha256(np.ascontiguousarray(pixels).data).digest()
    seed = hmac.new(key, b"noise\0" + name.encode("utf-8", "surrogateescape") + content, hashlib.sha256).digest()
    words = np.frombuffer(hashlib.shake_256(seed).digest(4 * _WORDS), np.uint32).astype(np.uint64)
    generator = torch.Generator().manual_seed(0)
    state = generator.get_state().numpy()
    state[_STATE] = words.view(np.uint8)
    state[_LEFT] = np.array([1], np.int32).view(np.uint8)  # the first draw mixes all words
    state[_NEXT] = np.array([0], np.uint64).view(np.uint8)
    generator.set_state(torch.from_numpy(state))
    return generator
