"""Removes what scanners' post-processing adds: tone curves, edge enhancement, black frames."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

_LEVELS = 256
_BLACK = 2  # levels; frames are black up to the noise of coding
_LAST_RANK = 0.995  # of 1: the few brightest pixels are markers and metal
_SPREAD = 1 / 6  # standard deviation of the coarsest grey values that come out
_BANDS = 4
_FALLOFF = 0.75  # the energy of each band of detail, of the next coarser one's: radiographs' spectra fall about so
_FLOOR = 1e-3


def normalize(images: Tensor) -> Tensor:
    """Nearly the same image, whatever rising tone curve, sharpening and black frame a vendor gave it.

    Every pixel's grey value becomes its rank within the image, which undoes any tone curve that rises. Then the image
    is split into bands of detail (a Laplacian pyramid), each of which gets the energy of a fixed spectrum, which undoes
    enhanced or smoothed edges (after Philipsen et al., "Localized energy-based normalization of medical images", IEEE
    TMI 2015). The frame does not count and becomes middle grey. Gradients pass.

    Shape: (N, 1, H, W), float in [0, 1], to the same shape, about 1/2 in the mean and mostly in [0, 1].
    """
    levels = images.float().clamp(0, 1) * (_LEVELS - 1)
    inside = _inside_frame(levels.detach())
    return 0.5 + _SPREAD * _with_fixed_spectrum(_gaussianized(levels, inside), inside)


def _inside_frame(levels: Tensor) -> Tensor:
    """1 in the rows and columns that hold more than black. Shape: (N, 1, H, W), float."""
    seen = (levels > _BLACK).float()
    return seen.amax(-1, keepdim=True) * seen.amax(-2, keepdim=True)


def _gaussianized(levels: Tensor, inside: Tensor) -> Tensor:
    """Every pixel's rank within its image as a standard normal quantile, with straight lines between grey levels."""
    flat = levels.flatten(1)
    counts = torch.zeros(len(flat), _LEVELS, device=flat.device)
    counts.scatter_add_(1, flat.detach().round().long(), inside.flatten(1))
    # The middle of a level's ranks, so that a large flat area is not pushed to either side.
    rank = (counts.cumsum(1) - counts / 2) / counts.sum(1, keepdim=True).clamp(min=1)
    curve = math.sqrt(2) * torch.erfinv((2 * rank - 1).clamp(-_LAST_RANK, _LAST_RANK))
    below = flat.detach().floor().clamp(max=_LEVELS - 2).long()
    low, high = curve.gather(1, below), curve.gather(1, below + 1)
    return (low + (high - low) * (flat - below)).view_as(levels) * inside


def _with_fixed_spectrum(images: Tensor, inside: Tensor) -> Tensor:
    """The pyramid's bands with fixed energies, put together again."""
    rest, bands = images, []
    for _ in range(_BANDS):
        coarse = functional.avg_pool2d(rest, 2, ceil_mode=True, count_include_pad=False)
        band = (rest - _enlarged(coarse, rest)) * inside
        bands.append(band / _energy(band, inside))
        rest, inside = coarse, functional.avg_pool2d(inside, 2, ceil_mode=True, count_include_pad=False)
    mean = (rest * inside).sum((-2, -1), keepdim=True) / inside.sum((-2, -1), keepdim=True).clamp(min=_FLOOR)
    rest = (rest - mean) * inside
    image = rest / _energy(rest, inside)
    for place, band in enumerate(reversed(bands), start=1):
        image = _enlarged(image, band) + _FALLOFF**place * band
    return image


def _enlarged(images: Tensor, like: Tensor) -> Tensor:
    return functional.interpolate(images, like.shape[-2:], mode="bilinear", align_corners=False)


def _energy(band: Tensor, inside: Tensor) -> Tensor:
    """The root mean square within the frame. Shape: (N, 1, 1, 1)."""
    total = band.square().sum((-2, -1), keepdim=True)
    return (total / inside.sum((-2, -1), keepdim=True).clamp(min=1)).sqrt().clamp(min=_FLOOR)
