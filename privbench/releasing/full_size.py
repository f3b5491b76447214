"""What a method that only moves pixels makes of an image of any size, where it knows a small square version alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..data.squares import Fit, side_of_square
from ..metrics.deformation import moved

_HALF = 0.5
"""Of the weights of a sample: where less falls on what was exposed, it is padding."""


class _Square(NamedTuple):
    """The square that the small version is made of, in an image: where they overlap, in the one and in the other."""

    side: int
    in_image: tuple[slice, slice]
    in_square: tuple[slice, slice]


def moved_at_full_size(
    pixels: np.ndarray, displacement: Tensor | None, fit: Fit, padding: tuple[int, int] | None = None
) -> np.ndarray:
    """The image, moved as its small version is.

    With the fit `crop`, what lies outside of the square becomes black: no attack ever saw it. Padding stays padding: a
    pixel becomes such where most of what it is sampled from is, and else is sampled from the rest alone.

    Args:
        pixels: Shape: (H, W), uint8 or uint16; 0 is black.
        displacement: of the small version, in its pixels along x and along y; None where nothing is moved.
            Shape: (2, S, S), float.
        fit: how the image became that small square.
        padding: the values, from and to, that fill up what was not exposed, whichever grey they stand for; what is
            moved there has the first. None where there are none.

    Returns:
        Shape: (H, W), of the same type; within the range of the image and, where black was added, down to that.
    """
    if fit == "squeeze":
        return _moved(pixels, displacement, padding)
    place = _square_of(pixels.shape[0], pixels.shape[1], fit)
    square = np.zeros((place.side, place.side), pixels.dtype)
    square[place.in_square] = pixels[place.in_image]
    whole = np.zeros_like(pixels)
    whole[place.in_image] = _moved(square, displacement, padding)[place.in_square]
    return whole


def scaled_up(displacement: Tensor, height: int, width: int) -> Tensor:
    """The displacement of an image's version of another size.

    Pixels are areas, as in Pillow's resizing, which made the small version: the first one's middle is half a pixel off
    the edge. It is bilinear between the middles, and beyond the outer ones goes on as straight, so that a straight one
    stays straight to the rim: `crop` shows nothing of what it cuts off. A learned one is stretched there as between the
    two outer pixels, and is over the area of an outer pixel what it is at that pixel's middle.

    Shape: (2, S, T), in pixels along x and along y, to (2, height, width), in those of that size.
    """
    across = _along(displacement, 2, width)
    large = _along(across, 1, height)
    scale = large.new_tensor([width / displacement.shape[2], height / displacement.shape[1]])
    return large * scale[:, None, None]


def _along(field: Tensor, axis: int, count: int) -> Tensor:
    """The field at the middles of so many pixels along an axis, by a straight line through the two nearest values."""
    own = field.shape[axis]
    if own == 1:
        return field.repeat_interleave(count, dim=axis)
    places = (torch.arange(count, dtype=torch.float64) + 0.5) * own / count - 0.5
    lower = places.floor().clamp(0, own - 2)
    weights = (places - lower).to(field).unflatten(0, (-1, *[1] * (2 - axis)))
    before = lower.long().to(field.device)
    return torch.lerp(field.index_select(axis, before), field.index_select(axis, before + 1), weights)


def _moved(pixels: np.ndarray, displacement: Tensor | None, padding: tuple[int, int] | None) -> np.ndarray:
    if displacement is None:
        return pixels
    whole = scaled_up(displacement, pixels.shape[0], pixels.shape[1])[None]
    image = torch.from_numpy(pixels.astype(np.float32)).to(displacement.device)[None, None]
    result = moved(image, whole)
    if padding is not None and not (exposed := (image < padding[0]) | (image > padding[1])).all():
        share = moved(exposed.float(), whole)
        result = torch.where(share < _HALF, padding[0], moved(image * exposed, whole) / share.clamp_min(_HALF))
    return result[0, 0].round_().cpu().numpy().astype(pixels.dtype)


def _square_of(height: int, width: int, fit: Fit) -> _Square:
    side = side_of_square(width, height, fit)
    assert side is not None  # none is squeezed here
    in_image, in_square = [], []
    for length in (height, width):
        first = (length - side) // 2
        start, end = max(first, 0), min(first + side, length)
        in_image.append(slice(start, end))
        in_square.append(slice(start - first, end - first))
    return _Square(side, (in_image[0], in_image[1]), (in_square[0], in_square[1]))
