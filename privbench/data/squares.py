"""How an image that is not square becomes square."""

from __future__ import annotations

from typing import Literal, NamedTuple

Fit = Literal["squeeze", "pad", "crop"]
"""Each side is scaled by itself; or black is added on both sides of the shorter one; or the longer one's ends go."""


class Cutout(NamedTuple):
    """The rectangle that becomes the square, in pixels of the image; what of it lies beyond the image is black."""

    left: int
    top: int
    width: int
    height: int


def side_of_square(width: int, height: int, fit: Fit) -> int | None:
    """The side of the square that is padded or cut out, in pixels of the image; None where sides are squeezed."""
    if fit == "squeeze":
        return None
    return max(width, height) if fit == "pad" else min(width, height)


def cutout(width: int, height: int, fit: Fit) -> Cutout:
    """What of an image, and around it, becomes the square."""
    side = side_of_square(width, height, fit)
    if side is None:
        return Cutout(0, 0, width, height)
    return Cutout((width - side) // 2, (height - side) // 2, side, side)


def pixels_per_pixel(width: int, height: int, fit: Fit, size: int) -> tuple[float, float]:
    """How many pixels of an image, along x and y, become one of a square of that size."""
    taken = cutout(width, height, fit)
    return taken.width / size, taken.height / size
