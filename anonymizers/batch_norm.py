"""Batch norm of U-Nets whose convolutions run with the channels last."""

from __future__ import annotations

import torch
from torch import Tensor, nn

_VECTOR = 8  # channels that a CPU's batch norm takes at once where they lie last; with fewer it takes one at a time


class BatchNorm(nn.BatchNorm2d):
    """torch's own, with the channels first in between where there are few of them.

    Shape: (N, C, H, W), float, to the same.
    """

    def forward(self, images: Tensor) -> Tensor:
        if self.num_features >= _VECTOR:
            return super().forward(images)
        return super().forward(images.contiguous()).contiguous(memory_format=torch.channels_last)
