"""Groups of k points that are like each other, and the directions in which points differ, some points at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import torch
from scipy.linalg import eigh
from torch import Tensor

_AT_ONCE, _VALUES = 256, 1 << 24  # points, and numbers of all of them, of which a few copies are held: 128 MiB each


class Points(Protocol):
    """Points that index by rows: n of them give (n, d), float, on the CPU; a tensor is that, too."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Tensor) -> Tensor: ...


def groups_of(points: Points, k: int) -> Tensor:
    """The group of each point, numbered in the order in which they are made.

    The first point without a group gets one with the k - 1 nearest others that have none; fewer than 2k points make
    the last group together. So each has k to 2k - 1 members where there are k points at all. Of points that are whole
    numbers all distances are exact; of equal ones the earlier counts as nearer.

    Shape: P points to (P,), int64.
    """
    groups, left, group = torch.empty(len(points), dtype=torch.int64), torch.arange(len(points)), 0
    while len(left) >= 2 * k:
        heads = left[: _at_once(points)]
        distances, stays = _squared_distances(points, heads, left), torch.ones(len(left), dtype=torch.bool)
        remaining = len(left)
        for place, row in enumerate(distances):
            if remaining < 2 * k or not stays[place]:
                continue
            row[~stays] = torch.inf
            row[place] = -1  # first also among points that are equal
            nearest = row.argsort(stable=True)[:k]
            groups[left[nearest]] = group
            stays[nearest] = False
            remaining, group = remaining - k, group + 1
        left = left[stays]
    groups[left] = group
    return groups


def principal_components(points: Points, count: int) -> tuple[Tensor, Tensor]:
    """The mean of points and the directions in which they differ most, of length 1, at most that many.

    They are those of the singular value decomposition, from the eigenvectors of the smaller of both Gram matrices, of
    the points or of their coordinates. A direction in which they differ by no more than rounding is none.

    Shape: P points of d coordinates to (d,) and (n, d), float64, n at most the count and P - 1.
    """
    everyone = torch.arange(len(points))
    mean = torch.stack([block.sum(0) for _, block in _blocks(points, everyone)]).sum(0) / len(points)
    gram = _of_coordinates(points, mean) if len(mean) < len(points) else _of_points(points, mean)
    last = len(gram) - 1
    wanted = [max(0, last + 1 - min(count, len(points) - 1)), last]
    if wanted[0] > last:
        return mean, mean.new_zeros(0, len(mean))
    # Turned over it lies as LAPACK has it, who then writes into it in place of a copy.
    found = eigh(gram.numpy().T, lower=False, subset_by_index=wanted, overwrite_a=True)
    values, vectors = (torch.from_numpy(part).flip(-1) for part in found)
    real = values > values[0] * len(gram) * torch.finfo(values.dtype).eps
    vectors = vectors[:, real]
    if len(mean) < len(points):
        return mean, vectors.T.contiguous()
    directions = mean.new_zeros(vectors.shape[1], len(mean))
    for rows, block in _blocks(points, everyone):
        directions += vectors[rows].T @ (block - mean)
    return mean, directions / directions.norm(dim=1, keepdim=True)


def codes_of(points: Points, mean: Tensor, directions: Tensor) -> Tensor:
    """How far points lie from the mean in each direction. Shape: P points, (d,) and (n, d), to (P, n), float64."""
    return torch.cat([(block - mean) @ directions.T for _, block in _blocks(points, torch.arange(len(points)))])


def _of_coordinates(points: Points, mean: Tensor) -> Tensor:
    """The Gram matrix of what each coordinate differs by from the mean. Shape: (d,) to (d, d), float64."""
    gram = mean.new_zeros(len(mean), len(mean))
    for _, block in _blocks(points, torch.arange(len(points))):
        gram.addmm_((block - mean).T, block - mean)
    return gram


def _of_points(points: Points, mean: Tensor) -> Tensor:
    """The same of the points: its lower triangle, and of the upper one no more than blocks reach. Shape: (P, P)."""
    everyone = torch.arange(len(points))
    gram = mean.new_zeros(len(points), len(points))
    for rows, block in _blocks(points, everyone):
        centred = block - mean
        for others, other in _blocks(points, everyone[: int(rows[-1]) + 1]):
            gram[rows[0] : rows[-1] + 1, others[0] : others[-1] + 1] = centred @ (other - mean).T
    return gram


def _squared_distances(points: Points, heads: Tensor, others: Tensor) -> Tensor:
    """Of some rows from others. Shape: (h,) and (n,), int64, to (h, n), float64."""
    own = points[heads].double()
    lengths = own.square().sum(1, keepdim=True)
    parts = [lengths + block.square().sum(1) - 2 * own @ block.T for _, block in _blocks(points, others)]
    return torch.cat(parts, dim=1).clamp_(min=0)


def _blocks(points: Points, rows: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Rows in their order, as many at a time as may be held, and their points, float64."""
    for some in rows.split(_at_once(points)):
        yield some, points[some].double()


def _at_once(points: Points) -> int:
    return max(1, min(_AT_ONCE, _VALUES // max(1, points[torch.zeros(1, dtype=torch.int64)].shape[1])))
