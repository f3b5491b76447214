"""Anatomy: where lungs, heart and findings are, told by the same features that tell which findings there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ...data.masks import ORGANS, organs_of
from ...data.splits import CELLS, Split
from ...learning.augmentation import move
from ...learning.context import Held
from ...learning.pyramid import Pyramid

_WIDTH = 32  # channels of the maps that the heads read
_FINEST = 4  # the least reduction of the image whose features are read


class AnatomyHeads(nn.Module):
    """Segments lungs and heart and locates findings on a coarse grid, from a pyramid over a convolutional backbone."""

    def __init__(self, model: Any, findings: int) -> None:
        """Raises PrivbenchError where the timm backbone `model` has no maps of features."""
        super().__init__()
        self.pyramid = Pyramid(model, _WIDTH, _FINEST)
        self.organs = nn.Conv2d(_WIDTH, len(ORGANS), 3, padding=1)
        self.places = nn.Conv2d(_WIDTH, findings, 3, padding=1)

    def forward(self, stages: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Logits of organs and of findings' places.

        Shape: the stages' maps (N, C, h, w) to (N, organs, h, w) of the finest one, and (N, findings, CELLS, CELLS).
        """
        joined = self.pyramid(stages)
        return self.organs(joined), functional.adaptive_avg_pool2d(self.places(joined), CELLS)


class AnatomyLoss(nn.Module):
    """Cross entropy of organs and of findings' places, as far as the data set knows them."""

    def __init__(self, model: Any, train: Split, device: torch.device) -> None:
        super().__init__()
        self.heads = AnatomyHeads(model, len(train.findings))
        self._masks, self._locations = (
            None if one is None else Held(one, device) for one in (train.masks, train.locations)
        )
        self._told = torch.from_numpy(~np.isnan(train.labels)).to(device).float()

    def forward(self, stages: Sequence[Tensor], rows: Tensor, moves: Tensor | None) -> Tensor:
        """Shape: the stages' maps of the images in those rows of the training split, moved (N, 2, 3), to ()."""
        organs, places = self.heads(stages)
        loss = torch.zeros((), device=organs.device)
        if self._masks is not None:
            height, width = organs.shape[-2:]
            covered = functional.adaptive_avg_pool2d(_moved(organs_of(self._masks[rows]), moves), (height, width))
            loss = loss + functional.binary_cross_entropy_with_logits(organs, covered)
        if self._locations is not None:
            covered, told = _moved(self._locations[rows].float() / 255, moves), self._told[rows]
            each = functional.binary_cross_entropy_with_logits(places, covered, reduction="none").mean((-2, -1))
            loss = loss + (each * told).sum() / told.sum().clamp(min=1)
        return loss


def _moved(maps: Tensor, moves: Tensor | None) -> Tensor:
    """As the augmentation moved the images that the maps belong to."""
    return maps if moves is None else move(maps, moves)
