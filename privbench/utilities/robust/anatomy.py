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
    """Cross entropy of organs and of findings' places, as far as the training images' are known."""

    def __init__(self, model: Any, train: Split, device: torch.device) -> None:
        super().__init__()
        self.heads = AnatomyHeads(model, len(train.findings))
        known = known_places(train)
        self._masks = None if train.masks is None else Held(train.masks, device)
        self._places = None
        if train.locations is not None and known is not None:
            self._places = Held(train.locations, device), torch.from_numpy(known).to(device).float()

    def forward(self, stages: Sequence[Tensor], rows: Tensor, moves: Tensor | None) -> Tensor:
        """Shape: the stages' maps of the images in those rows of the training split, moved (N, 2, 3), to ()."""
        organs, places = self.heads(stages)
        loss = torch.zeros((), device=organs.device)
        if self._masks is not None:
            height, width = organs.shape[-2:]
            covered = functional.adaptive_avg_pool2d(_moved(organs_of(self._masks[rows]), moves), (height, width))
            loss = loss + functional.binary_cross_entropy_with_logits(organs, covered)
        if self._places is not None:
            locations, known = self._places
            covered, told = _moved(locations[rows].float() / 255, moves), known[rows]
            each = functional.binary_cross_entropy_with_logits(places, covered, reduction="none").mean((-2, -1))
            loss = loss + (each * told).sum() / told.sum().clamp(min=1)
        return loss


def known_places(train: Split) -> np.ndarray | None:
    """Of which findings of which images one knows where they are; None where nobody has told a place of any.

    An absent finding is nowhere; a present one without a place is somewhere. Of a finding that is somewhere in any
    image, those where it is absent do not count either: with the few that are placed they would teach that it hardly
    ever is anywhere. Shape: (N, findings), bool.
    """
    if train.locations is None or not train.locations.any():
        return None
    placed, labels = train.locations.any((2, 3)), train.labels
    lost = ~placed & (labels == 1)
    return ~np.isnan(labels) & (placed | ~lost.any(0))


def _moved(maps: Tensor, moves: Tensor | None) -> Tensor:
    """As the augmentation moved the images that the maps belong to."""
    return maps if moves is None else move(maps, moves)
