"""What share of each cell of the coarse grid rectangles cover."""

import numpy as np
from numpy.typing import NDArray

from ..data.splits import CELLS


def covered_shares(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of each cell that the boxes cover together: what several cover counts once, what lies outside not.

    Exact, for the edges of all boxes and cells cut the square into rectangles of which each is covered or is not.

    Shape: left, top, right and bottom of each box (n, 4), in sides of the square from its upper left corner, to
    (CELLS, CELLS), float in [0, 1].
    """
    inside = boxes.clip(0, 1) * CELLS
    left, top, right, bottom = inside.T[:, :, None]
    (y, height), (x, width) = (_strips(inside[:, axis::2]) for axis in (1, 0))
    rows, columns = (top < y) & (y < bottom), (left < x) & (x < right)
    covered = (rows[:, :, None] & columns[:, None, :]).any(0)
    shares = np.zeros((CELLS, CELLS))
    down, across = (np.minimum(middles.astype(int), CELLS - 1) for middles in (y, x))  # the last may be rounded up
    np.add.at(shares, (down[:, None], across), covered * np.outer(height, width))
    return shares


def _strips(edges: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Middles and widths of the strips between all edges of boxes and cells, in cells. Shape: any to (m,) both."""
    lines = np.unique([*range(CELLS + 1), *edges.ravel()])
    return (lines[:-1] + lines[1:]) / 2, np.diff(lines)
