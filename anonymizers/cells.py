"""Images as grids of square cells: their means, and images made of them."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def cell_means(images: Tensor, side: int) -> Tensor:
    """The mean of each cell; one that the right or lower border cuts has that of the pixels it has.

    Shape: (N, 1, H, W), float, to (N, 1, ceil(H / side), ceil(W / side)).
    """
    return functional.avg_pool2d(images, side, ceil_mode=True, count_include_pad=False)


def cell_sizes(images: Tensor, side: int) -> Tensor:
    """The pixels of each cell. Shape: (N, 1, H, W) to (1, 1, ceil(H / side), ceil(W / side))."""
    return functional.avg_pool2d(torch.ones_like(images[:1]), side, ceil_mode=True, divisor_override=1)


def spread(cells: Tensor, side: int, shape: tuple[int, int]) -> Tensor:
    """Images of that height and width in which every pixel has its cell's value, as `cell_means` cuts them."""
    pixels = cells.repeat_interleave(side, dim=2).repeat_interleave(side, dim=3)
    return pixels[..., : shape[0], : shape[1]]
