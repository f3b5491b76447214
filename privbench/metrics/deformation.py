"""How far a deformation moves what it shows, and how much it stretches, squeezes and folds it.

A displacement tells where each pixel is taken from, relative to its place.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

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
