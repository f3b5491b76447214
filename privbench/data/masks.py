"""Masks of organs, bit by bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

ORGANS = ("lungs", "heart")
"""The organs, in the order of a mask's bits."""


def organs_of(masks: Tensor) -> Tensor:
    """1 where an organ is. Shape: (n, 1, H, W), uint8, to (n, organs, H, W), float32."""
    import torch  # here, because tasks name the organs where nothing is computed

    return torch.cat([(masks >> organ) & 1 for organ in range(len(ORGANS))], dim=1).float()
