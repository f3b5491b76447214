"""Groups of k points that are like each other, and their means."""

from __future__ import annotations

import torch
from torch import Tensor


def groups_of(points: Tensor, k: int) -> Tensor:
    """The group of each point, numbered in the order in which they are made.

    The first point without a group gets one with the k - 1 nearest others that have none; fewer than 2k points make
    the last group together. So each has k to 2k - 1 members where there are k points at all.

    Shape: (P, d), float, to (P,), int64, on the CPU.
    """
    groups, left, group = torch.empty(len(points), dtype=torch.int64), torch.arange(len(points)), 0
    while len(left) >= 2 * k:
        others = points[left.to(points.device)]
        distances = (others - others[0]).square().sum(1).cpu()
        distances[0] = -1  # first also among points that are equal
        nearest = distances.argsort(stable=True)[:k]
        groups[left[nearest]] = group
        stays = torch.ones(len(left), dtype=torch.bool)
        stays[nearest] = False
        left, group = left[stays], group + 1
    groups[left] = group
    return groups


def means_of(images: Tensor, groups: Tensor) -> Tensor:
    """The mean image of each group. Shape: (P, 1, H, W) and (P,) to (groups, 1, H, W)."""
    members = [images[(groups == group).to(images.device)] for group in range(int(groups.max()) + 1)]
    return torch.stack([images.mean(0) for images in members])


def principal_components(points: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The mean of points and the directions in which they differ most, of length 1, at most that many.

    Shape: (P, d), float, to (d,) and (n, d), n at most the count and P - 1.
    """
    mean = points.mean(0)
    directions = torch.linalg.svd(points - mean, full_matrices=False).Vh
    return mean, directions[: min(count, len(points) - 1)]
