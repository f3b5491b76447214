"""Local contrast of ranks: what is left of a radiograph when its grey curve and its broad shades are taken away."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

_NOISE, _ORGANS = 32, 10
"""Parts of the side: what is finer than the one counts as noise, what is coarser than the other as shade."""


def local_contrast(images: Tensor) -> Tensor:
    """Grey values as ranks, of which neither noise nor shade is left, over their local spread.

    No rising curve of grey values changes it, and a falling one changes its sign. An image of one grey value has none:
    all is zero. Shape: (N, S, S), whole numbers 0 to 255, to float32 of mean 0 and mean square 1.
    """
    noise, organs = (_blur(images.shape[-1], part, images.device) for part in (_NOISE, _ORGANS))
    ranks = _ranks(images.long().flatten(1)).view(images.shape)
    band = noise @ ranks @ noise.T - organs @ ranks @ organs.T
    power = organs @ band.square() @ organs.T
    contrast = band / (power + power.mean((1, 2), keepdim=True)).sqrt()
    contrast = contrast - contrast.mean((1, 2), keepdim=True)
    return (contrast / contrast.square().mean((1, 2), keepdim=True).sqrt()).nan_to_num()


def equalized(images: Tensor) -> Tensor:
    """Ranks as grey values, which no rising curve changes. Shape: (N, H, H), uint8, to the same."""
    return ((_ranks(images.long().flatten(1)) + 0.5) * 255).round().to(torch.uint8).view(images.shape)


def averaged(images: Tensor, side: int) -> Tensor:
    """Images with fewer pixels, the mean of the area that each covers. Shape: (N, H, H), uint8, to (N, S, S), uint8."""
    size = images.shape[-1]
    if size == side:
        return images
    average = _average(size, side, images.device)
    return (average @ images.float() @ average.T).round().to(torch.uint8)


def _ranks(levels: Tensor) -> Tensor:
    """The mid-rank of each pixel in its image, from -0.5 to 0.5. Shape: (N, P), whole numbers 0 to 255."""
    count, pixels = levels.shape
    cells = levels + 256 * torch.arange(count, device=levels.device)[:, None]
    sizes = torch.bincount(cells.flatten(), minlength=256 * count).view(count, 256)
    doubled = 2 * sizes.cumsum(1) - sizes
    return (doubled.flatten()[cells] - pixels).float() / (2 * pixels)


@cache
def _blur(side: int, part: int, device: torch.device) -> Tensor:
    """A Gaussian whose standard deviation is that part of the side, as a matrix; beyond the edges is nothing."""
    place = torch.arange(side)
    return torch.softmax(-((place[:, None] - place) * part / side).square() / 2, 1).to(device)


@cache
def _average(size: int, side: int, device: torch.device) -> Tensor:
    pixel, ends = torch.arange(size), torch.arange(side + 1)[:, None] * size / side
    covered = (torch.minimum(ends[1:], pixel + 1) - torch.maximum(ends[:-1], pixel)).clamp(min=0)
    return (covered * side / size).to(device)
