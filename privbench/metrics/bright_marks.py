"""Letters, arrows and stamps on radiographs: small, bright against what surrounds them, and near the border."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

SMALLEST = 128
"""Pixels a side below which letters are too blurred to be told from ribs."""
_WIDTH = 24  # part of the side that a stroke is at the most as wide as
_CONTRAST = 76  # grey levels above the darkest that lies around it
_LEAST, _MOST, _LONGEST = 4e-5, 4e-3, 0.2  # of the area, and of the side
_BORDER = 0.25  # of the side


def bright_marks(image: np.ndarray) -> int:
    """How many such marks an image has. What has a bright edge, as a lead or an arm, may count too.

    A mark is what an opening takes away by 30 % of the grey scale or more, in one piece of such a size whose middle
    lies in the outer quarter, and which does not touch the border. Shape: (H, H), uint8.
    """
    side = len(image)
    raised = image - ndimage.grey_opening(image, size=side // _WIDTH | 1)
    pieces, count = ndimage.label(raised >= _CONTRAST, np.ones((3, 3)))
    if not count:
        return 0
    areas = np.bincount(pieces.ravel())
    return sum(
        _LEAST * side**2 <= areas[piece] <= _MOST * side**2 and _is_placed(rows, columns, side)
        for piece, (rows, columns) in enumerate(ndimage.find_objects(pieces), 1)
    )


def _is_placed(rows: slice, columns: slice, side: int) -> bool:
    ends = rows.start, rows.stop, columns.start, columns.stop
    middle = [(rows.start + rows.stop) / (2 * side), (columns.start + columns.stop) / (2 * side)]
    return (
        max(rows.stop - rows.start, columns.stop - columns.start) <= _LONGEST * side
        and min(ends) > 0
        and max(ends) < side
        and min(min(one, 1 - one) for one in middle) <= _BORDER
    )
