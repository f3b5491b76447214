"""Noise that nobody can draw again by trying seeds: what can be drawn again can be subtracted.

A run's noise comes of a seed that its protocol tells, which serves a measurement. A release needs more than another
seed: of any seed torch's generator takes 32 bits, which are tried out in hours. So its whole state is filled from
the key. A Mersenne Twister is no cipher, though: of an image that somebody knows in large part, 19,937 bits of what was
drawn give the state, and with it the rest of that image's noise, but no other's.
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


def secret_generator(key: bytes, name: str, pixels: np.ndarray, terms: str) -> torch.Generator:
    """The generator of an image's noise, on the CPU: the same for the same key, name, image and terms alone.

    Two releases share their noise only where they are the same: it would cancel out in the difference of two images'
    releases, and so it would where one image is released twice, with another epsilon.

    Args:
        key: of the release, 32 bytes, which never lie in it.
        name: the image's, as its source calls it: of two copies each has noise of its own.
        pixels: the image: in two folders there may be two of one name. Shape: any.
        terms: the digest of all else that decides what is made of the image.
    """
    content = hashlib.sha256(np.ascontiguousarray(pixels).data).digest()
    told = b"noise\0" + terms.encode() + b"\0" + name.encode("utf-8", "surrogateescape") + content
    seed = hmac.new(key, told, hashlib.sha256).digest()
    words = np.frombuffer(hashlib.shake_256(seed).digest(4 * _WORDS), np.uint32).astype(np.uint64)
    generator = torch.Generator().manual_seed(0)
    state = generator.get_state().numpy()
    state[_STATE] = words.view(np.uint8)
    state[_LEFT] = np.array([1], np.int32).view(np.uint8)  # the first draw mixes all words
    state[_NEXT] = np.array([0], np.uint64).view(np.uint8)
    generator.set_state(torch.from_numpy(state))
    return generator
