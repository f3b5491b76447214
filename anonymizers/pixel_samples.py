"""Sampled pixels of an image: grey values in clusters, how many of each may be shown, and an image made of them."""

from __future__ import annotations

import math
from bisect import bisect_right

import numpy as np
from scipy.ndimage import distance_transform_edt

_ROUNDS = 50
_GREY = 127.0


def resampled(grey: np.ndarray, ranks: np.ndarray, epsilon: float, m: int, k: int) -> np.ndarray:
    """The image that a few of its pixels make, in k grey values, each pixel as the nearest of these.

    Args:
        grey: Shape: (H, W), uint8.
        ranks: of each cluster the pixels of the lowest are sampled. Shape: (H, W), float, all different.
        epsilon: the budget of all clusters together.
        m: pixels in which neighbouring images may differ.
        k: clusters.

    Returns:
        Shape: (H, W), float64, 0 to 255; grey all over where nothing may be sampled.
    """
    centres = grey_clusters(np.bincount(grey.ravel(), minlength=256), k)
    labels = _nearest(centres)[grey]
    sampled = np.zeros(grey.shape, bool)
    for label in np.unique(labels):
        inside = labels == label
        size = int(inside.sum())
        count = sample_size(size, m, epsilon * size / grey.size)
        if count:
            sampled |= inside & (ranks <= np.partition(ranks[inside], count - 1)[count - 1])
    if not sampled.any():
        return np.full(grey.shape, _GREY)
    rows, columns = distance_transform_edt(~sampled, return_distances=False, return_indices=True)
    return centres[labels[rows, columns]]


def sample_size(size: int, m: int, budget: float) -> int:
    """The most samples n with C(size, n) / C(size - m, n) at most exp(budget); none of a cluster of m pixels or fewer.

    That is one over the probability that none of m given pixels is among n samples of `size` ones.
    """
    return bisect_right(range(max(size - m, 0) + 1), budget, key=lambda count: log_ratio(size, m, count)) - 1


def log_ratio(size: int, m: int, count: int) -> float:
    """ln(C(size, count) / C(size - m, count)); infinite where nothing but some of the m pixels is left to sample."""
    if count == 0:
        return 0.0
    if count > size - m:
        return math.inf
    return (
        math.lgamma(size + 1) - math.lgamma(size - count + 1)
        - math.lgamma(size - m + 1) + math.lgamma(size - m - count + 1)
    )  # fmt: skip


def grey_clusters(counts: np.ndarray, k: int) -> np.ndarray:
    """The centres of k clusters of grey values, by Lloyd's algorithm from evenly spaced quantiles.

    Shape: (256,), how often each value occurs, to (n,), float64, 0 to 255, ascending, n at most k.
    """
    values = np.arange(256)
    shares = counts.cumsum() / counts.sum()
    centres = np.unique(np.searchsorted(shares, (np.arange(k) + 0.5) / k)).astype(np.float64)
    for _ in range(_ROUNDS):
        labels = _nearest(centres)
        weights = np.bincount(labels, counts, minlength=len(centres))
        sums = np.bincount(labels, counts * values, minlength=len(centres))
        moved = np.where(weights > 0, sums / np.maximum(weights, 1), centres)
        if np.array_equal(moved, centres):
            break
        centres = moved
    return centres


def _nearest(centres: np.ndarray) -> np.ndarray:
    """Of each of 256 grey values the nearest centre. Shape: (n,) to (256,), int64."""
    return np.abs(np.arange(256)[:, None] - centres).argmin(1)
