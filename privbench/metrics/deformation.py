"""What a deformation makes of an image, how far it moves what it shows, and how much it stretches and folds it.

A displacement tells where each pixel is taken from, relative to its place.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from .triangles import determinants


class Lengths(NamedTuple):
    """Of each image the median and the 99th percentile of its pixels' displacement. Shape: (N,) each."""

    median: Tensor
    percentile_99: Tensor


class Jacobian(NamedTuple):
    """Of each image the lowest and the highest determinant, and the share of pixels that fold. Shape: (N,) each."""

    lowest: Tensor
    highest: Tensor
    folded: Tensor


def moved(images: Tensor, displacement: Tensor) -> Tensor:
    """The images sampled beside each pixel, by the one rule of all that only moves pixels.

    Shape: images (N, C, H, W), float; displacement (N, 2, H, W), in pixels along x and y; to (N, C, H, W), bilinear
    samples, beyond the border its nearest pixel, within each image's range. Where nothing moves, the images themselves
    to the bit.
    """
    # The four weights of a sample add up to one but for rounding.
    low, high = images.amin((2, 3), keepdim=True), images.amax((2, 3), keepdim=True)
    return sampled(images, places_of(displacement)).clamp_(low, high)


def places_of(displacement: Tensor) -> Tensor:
    """Where each pixel is taken from, held within the image. Shape: (N, 2, H, W), in pixels along x and y."""
    height, width = displacement.shape[-2:]
    x, y = (torch.arange(size, device=displacement.device, dtype=displacement.dtype) for size in (width, height))
    places = torch.stack([displacement[:, 0] + x, displacement[:, 1] + y[:, None]], dim=1)
    places[:, 0].clamp_(0, width - 1)
    places[:, 1].clamp_(0, height - 1)
    return places


def sampled(images: Tensor, places: Tensor) -> Tensor:
    """`grid_sample` at places in pixels, exact at whole ones: where sides are powers of two, scaling does not round.

    Shape: images (N, C, H, W), places (N, 2, H, W) within them, to (N, C, H, W).
    """
    height, width = (1 << (size - 1).bit_length() for size in images.shape[-2:])
    canvas = functional.pad(images, (0, width - images.shape[3], 0, height - images.shape[2]))
    sides = along_axes((width, height), places.dtype, places.device)
    grid = places * (2 / sides) + (1 / sides - 1)
    return functional.grid_sample(canvas, grid.permute(0, 2, 3, 1), padding_mode="border", align_corners=False)


@cache
def along_axes(values: tuple[float, float], dtype: torch.dtype, device: torch.device) -> Tensor:
    """A number along x and one along y, to reckon displacements with; sent to the device once. Shape: (2, 1, 1)."""
    return torch.tensor(values, dtype=dtype, device=device)[:, None, None]


def lengths(displacement: Tensor, spacing: Tensor | None = None) -> Lengths:
    """How far pixels are moved, in pixels, or in the unit of the spacing.

    Args:
        displacement: Shape: (N, 2, H, W), in pixels, along x and along y.
        spacing: millimetres per pixel along x and along y, NaN where nobody knows, which the lengths then are too.
            Shape: (N, 2).
    """
    if spacing is not None:
        displacement = displacement * spacing[:, :, None, None]
    of_pixels = torch.linalg.vector_norm(displacement, dim=1).flatten(1)
    # One image at a time, because older torch takes no more than 2^24 values.
    median, high = torch.stack([one.quantile(one.new_tensor([0.5, 0.99])) for one in of_pixels], dim=1)
    return Lengths(median, high)


def jacobian(displacement: Tensor) -> Jacobian:
    """The determinant of the Jacobian of x -> x + displacement: the area that a pixel's content is taken from.

    1 keeps areas, above 1 squeezes content, below 1 stretches it, 0 or less turns it over, by pixel triangles
    (`triangles.determinants`). A square of 2 x 2 pixels is a folded pixel where any of its triangles is turned over.

    Shape: (N, 2, H, W), in pixels, along x and along y; H and W at least 2.
    """
    areas = torch.stack(determinants(displacement), dim=1)
    folded = (areas <= 0).any(1).flatten(1).to(displacement.dtype).mean(1)
    return Jacobian(areas.amin((1, 2, 3)), areas.amax((1, 2, 3)), folded)
