"""Which images of a collection are one radiograph that was saved twice: pure functions of grey values, for many images.

Found are copies of another size, grey curve or compression, with some noise, or inverted. One that is cropped, moved or
turned is not: `metrics.copies` lays images upon each other for that, which takes far longer.
"""

from __future__ import annotations

import numpy as np
from scipy.fft import dctn
from scipy.stats import rankdata

NEAR = 0.98
"""Likeness from which on two images are taken for one. Different radiographs of ChestX-ray14 come to 0.96."""
_SIDE, _WAVES, _COARSEST = 32, 14, 2  # pixels; frequencies along each axis; what is coarser all thoraces share
_BLOCK = 2048  # images that are compared at once


def signatures(images: np.ndarray) -> np.ndarray:
    """A vector for each image, of length 1, or 0 where all is of one grey value.

    The waves of a cosine transform of the ranks of a small copy's pixels, finer ones weighing more: thoraces differ in
    what is fine. Shape: (N, 1, H, H), uint8, to (N, 196), float32.
    """
    size = images.shape[-1]
    starts = np.arange(min(_SIDE, size)) * size // min(_SIDE, size)
    sums = np.add.reduceat(np.add.reduceat(images[:, 0], starts, axis=1, dtype=np.float32), starts, axis=2)
    small = sums / np.outer(*[np.diff([*starts, size])] * 2)
    ranks = rankdata(small.reshape(len(small), -1), axis=1).reshape(small.shape)
    waves = dctn(ranks, axes=(1, 2), norm="ortho")[:, :_WAVES, :_WAVES]
    down, across = np.indices(waves.shape[1:])
    frequency = np.hypot(down, across)
    weighed = (waves * np.where(frequency >= _COARSEST, frequency, 0)).reshape(len(waves), -1)
    length = np.linalg.norm(weighed, axis=1, keepdims=True)
    told = np.divide(weighed, length, out=np.zeros_like(weighed), where=length > 1e-6 * size)
    return np.pad(told, ((0, 0), (0, _WAVES**2 - told.shape[1]))).astype(np.float32)


def nearest_earlier(vectors: np.ndarray, least: float = NEAR) -> tuple[np.ndarray, np.ndarray]:
    """Of each image the most alike one that stands before it, and how alike it is; -1 and 0 where none is near.

    Args:
        vectors: as `signatures` gives them. Shape: (N, D), float32.
        least: the likeness, the size of a correlation, from which on an image is near.

    Returns:
        Shape: (N,), int64, and (N,), float32.
    """
    rows, alike = np.full(len(vectors), -1), np.zeros(len(vectors), np.float32)
    for first in range(0, len(vectors), _BLOCK):
        part = slice(first, first + _BLOCK)
        for start in range(0, first + 1, _BLOCK):
            found = np.abs(vectors[part] @ vectors[start : start + _BLOCK].T)
            if start == first:
                found = np.tril(found, -1)
            best = found.argmax(1)
            most = found[np.arange(len(found)), best]
            nearer = (most >= least) & (most > alike[part])
            rows[part] = np.where(nearer, best + start, rows[part])
            alike[part] = np.where(nearer, most, alike[part])
    return rows, alike
