"""Masks of organs, bit by bit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

ORGANS = ("lungs", "heart")
"""The organs, in the order of a mask's bits."""


def organs_of(masks: np.ndarray, rows: Tensor) -> Tensor:
    """1 where an organ is, on the CPU. Shape: masks (N, 1, H, W), uint8, rows (n,) to (n, organs, H, W), float32."""
    import torch  # here, because tasks name the organs where nothing is computed

    bits = torch.from_numpy(np.asarray(masks[rows.numpy()]))
    return torch.cat([(bits >> organ) & 1 for organ in range(len(ORGANS))], dim=1).float()
