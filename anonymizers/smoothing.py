"""The Gaussian filter."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor


def smooth(images: Tensor, sigma: float, reach: int) -> Tensor:
    """Gaussian filter with replicated borders, cut off beyond `reach` pixels. Shape: (N, C, H, W), float."""
    down, across = (_weights(size, sigma, reach, images.dtype, images.device) for size in images.shape[-2:])
    return down @ (images @ across.T)


@cache
def _weights(size: int, sigma: float, reach: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """The filter along a line as a matrix: products are faster than convolutions of so few channels.

    It is reckoned with float64, and sent to the device once. Shape: (size, size).
    """
    offsets = torch.arange(-reach, reach + 1)
    weights = torch.exp(-(offsets.double() ** 2) / (2 * sigma**2))
    taken = (torch.arange(size)[:, None] + offsets).clamp(0, size - 1)
    matrix = torch.zeros(size, size, dtype=torch.float64)
    matrix.scatter_add_(1, taken, (weights / weights.sum()).expand(size, -1))
    return matrix.to(device, dtype)
