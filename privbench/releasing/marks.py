"""Letters that are burned into pixels: those near the border, which are found, are painted over."""

from __future__ import annotations

import numpy as np

from ..metrics.bright_marks import Box, mark_boxes

_MARGIN = 0.01  # of the shorter side, around a mark
_AROUND = 3
"""Margins around a mark among which its background is looked for."""


def boxes_of(shown: np.ndarray, white: float) -> tuple[Box, ...]:
    """Where bright marks are, with a margin. That there is none does not mean that nothing is written there.

    Greys as they are shown: stored values that fill few of their bits would have no contrast.

    Shape: shown (H, W), any number, 0 to `white`.
    """
    greys = np.rint(shown * (255 / white)).astype(np.uint8)
    return tuple(_grown(box, shown.shape, _margin(shown)) for box in mark_boxes(greys))


def painted(pixels: np.ndarray, boxes: tuple[Box, ...]) -> np.ndarray:
    """The pixels with each box in one grey: the median of what lies around it outside of all boxes, else 0.

    Shape: (H, W), any number, in and out; where there is no box, the same array.
    """
    if not boxes:
        return pixels
    covered = np.zeros(pixels.shape, bool)
    for box in boxes:
        covered[_inside(box)] = True
    result = pixels.copy()
    for box in boxes:
        around = _inside(_grown(box, pixels.shape, _AROUND * _margin(pixels)))
        background = pixels[around][~covered[around]]
        result[_inside(box)] = np.median(background) if background.size else 0
    return result


def _margin(pixels: np.ndarray) -> int:
    return max(1, round(_MARGIN * min(pixels.shape)))


def _grown(box: Box, shape: tuple[int, ...], margin: int) -> Box:
    return Box(
        max(box.top - margin, 0), max(box.left - margin, 0),
        min(box.bottom + margin, shape[0]), min(box.right + margin, shape[1]),
    )  # fmt: skip


def _inside(box: Box) -> tuple[slice, slice]:
    return slice(box.top, box.bottom), slice(box.left, box.right)
