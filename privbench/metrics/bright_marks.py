"""Letters, arrows and stamps on radiographs: small, bright against what surrounds them, and near the border."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import ndimage

SMALLEST = 128
"""Pixels a side below which letters are too blurred to be told from ribs."""
_WIDTH = 24  # part of the side that a stroke is at the most as wide as
_CONTRAST = 76  # grey levels above the darkest that lies around it
_LEAST, _MOST, _LONGEST = 4e-5, 4e-3, 0.2  # of the area, and of the side
_BORDER = 0.25  # of the side


class Box(NamedTuple):
    """A rectangle of pixels: its first row and column, and those behind its last."""

    top: int
    left: int
    bottom: int
    right: int


def bright_marks(image: np.ndarray) -> int:
    """How many such marks an image has. What has a bright edge, as a lead or an arm, may count too.

    Shape: (H, W), uint8.
    """
    return len(mark_boxes(image))


def mark_boxes(image: np.ndarray) -> list[Box]:
    """Where they are.

    A mark is what an opening takes away by 30 % of the grey scale or more, in one piece of such a size whose middle
    lies in the outer quarter, and which does not touch the border. Shape: (H, W), uint8.
    """
    side = min(image.shape)
    raised = image - ndimage.grey_opening(image, size=side // _WIDTH | 1)
    pieces, count = ndimage.label(raised >= _CONTRAST, np.ones((3, 3)))
    areas = np.bincount(pieces.ravel(), minlength=count + 1)
    found = ndimage.find_objects(pieces)
    boxes = [Box(rows.start, columns.start, rows.stop, columns.stop) for rows, columns in found]
    return [
        box for piece, box in enumerate(boxes, 1)
        if _LEAST * side**2 <= areas[piece] <= _MOST * side**2 and _is_placed(box, image.shape, side)
    ]  # fmt: skip


def _is_placed(box: Box, shape: tuple[int, ...], side: int) -> bool:
    height, width = shape
    middle = [(box.top + box.bottom) / (2 * height), (box.left + box.right) / (2 * width)]
    return (
        max(box.bottom - box.top, box.right - box.left) <= _LONGEST * side
        and min(box.top, box.left) > 0
        and box.bottom < height
        and box.right < width
        and min(min(one, 1 - one) for one in middle) <= _BORDER
    )
