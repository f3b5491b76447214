"""How alike two images are as pictures: the normalized cross-correlation of their pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .undoing.undo import shrunk

if TYPE_CHECKING:
    from privbench.learning.embedder import Images

_BATCH = 1024
_SMALLEST = 8  # pixels; a coarser image no longer shows a thorax


def correlations(probes: Images, references: Images) -> np.ndarray:
    """The correlation of every probe with every reference, -1 to 1; 0 where one has a single grey value.

    Shape: (P, R), float32.
    """
    return np.asarray((points_of(probes) @ points_of(references).T).cpu())


def points_of(images: Images, levels: int = 1, side: int | None = None) -> Tensor:
    """Images as vectors whose inner product is the mean correlation of that many levels, each half the size.

    The first level is that of the images, or of their means over so many parts a side.

    Shape: (N, features), float32, where the images are.
    """
    parts = (images[rows] for rows in torch.arange(len(images)).split(_BATCH))
    return torch.cat([_levels(part if side is None else shrunk(part, side), levels) for part in parts])


def centred(flat: Tensor) -> Tensor:
    """Images of mean 0 and length 1, whose inner product is their correlation. Shape: (N, P)."""
    return functional.normalize(flat - flat.mean(1, keepdim=True), dim=1)


def _levels(images: Tensor, count: int) -> Tensor:
    levels = []
    for _ in range(count):
        levels.append(centred(images.flatten(1)))
        if min(images.shape[-2:]) < 2 * _SMALLEST:
            break
        images = functional.avg_pool2d(images, 2)
    return torch.cat(levels, 1) / len(levels) ** 0.5
