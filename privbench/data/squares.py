"""How an image that is not square becomes square."""

from __future__ import annotations

from typing import Literal

Fit = Literal["squeeze", "pad", "crop"]
"""Each side is scaled by itself; or black is added on both sides of the shorter one; or the longer one's ends go."""


def side_of_square(width: int, height: int, fit: Fit) -> int | None:
    """The side of the square that is padded or cut out, in pixels of the image; None where sides are squeezed."""
    if fit == "squeeze":
        return None
    return max(width, height) if fit == "pad" else min(width, height)


def pixels_per_pixel(width: int, height: int, fit: Fit, size: int) -> tuple[float, float]:
    """How many pixels of an image, along x and y, become one of a square of that size."""
    side = side_of_square(width, height, fit)
    return (width / size, height / size) if side is None else (side / size, side / size)
