"""k-means."""

from __future__ import annotations

import torch
from torch import Tensor

_ROUNDS = 50


def k_means(points: Tensor, k: int, generator: torch.Generator) -> Tensor:
    """The centroids that Lloyd's algorithm comes to from k of the points, drawn by the generator.

    One that no point is nearest to stays where it is. Shape: (N, d), float, on the CPU, to (min(k, N), d).
    """
    return settled(points, points[torch.randperm(len(points), generator=generator)[:k]])


def settled(points: Tensor, centroids: Tensor) -> Tensor:
    """What Lloyd's algorithm makes of centroids, until they stay, in 50 rounds. Shape: (N, d), (k, d) to (k, d)."""
    for _ in range(_ROUNDS):
        labels = nearest(points, centroids)
        counts = torch.bincount(labels, minlength=len(centroids))[:, None]
        sums = torch.zeros_like(centroids).index_add_(0, labels, points)
        moved = torch.where(counts > 0, sums / counts.clamp(min=1), centroids)
        if torch.equal(moved, centroids):
            break
        centroids = moved
    return centroids


def nearest(points: Tensor, centroids: Tensor) -> Tensor:
    """Of each point the place of the nearest centroid. Shape: (N, d), (k, d) to (N,), int64."""
    # By products, distances of many points would differ from those of few in more than rounding.
    return torch.cdist(points, centroids, compute_mode="donot_use_mm_for_euclid_dist").argmin(1)
