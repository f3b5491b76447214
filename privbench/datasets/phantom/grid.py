"""The pixel grid carried into the body frame by a visit's pose."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .shapes import Array
from .spreads import FIELD_CM
from .visits import Visit

_REACH = 24.0  # cm above and below the origin that the row tables cover
_STEP = 0.06
ROWS: Array = np.arange(-_REACH, _REACH, _STEP, dtype=np.float32)  # heights y of the row tables
Window = tuple[slice, slice]


class Grid(NamedTuple):
    """Body-frame coordinates of the pixel centres."""

    x: Array  # (H, W), cm
    y: Array  # (H, W), cm
    row: NDArray[np.intp]  # (H, W), index into tables over ROWS
    pixel: float  # pixel side in cm, body frame
    to_pixel: tuple[tuple[float, float, float], tuple[float, float, float]]  # body (x, y, 1) to (column, row)

    def box(self, x0: float, y0: float, x1: float, y1: float) -> Window:
        """Smallest (rows, columns) slices that hold a body-frame rectangle; possibly empty."""
        (a, b, c), (d, e, f) = self.to_pixel
        x, y, half_x, half_y = 0.5 * (x0 + x1), 0.5 * (y0 + y1), 0.5 * (x1 - x0), 0.5 * (y1 - y0)
        across, along = abs(a) * half_x + abs(b) * half_y, abs(d) * half_x + abs(e) * half_y
        size = len(self.x)
        column, row = a * x + b * y + c, d * x + e * y + f
        return (
            slice(min(max(int(row - along), 0), size), min(max(int(row + along) + 2, 0), size)),
            slice(min(max(int(column - across), 0), size), min(max(int(column + across) + 2, 0), size)),
        )

    def crop(self, window: Window) -> "Grid":
        """The grid of one window; ``box`` is not meaningful on the result."""
        return self._replace(x=self.x[window], y=self.y[window], row=self.row[window])

    @property
    def aperture(self) -> float:
        """Half-width in cm below which a structure counts as thinner than a pixel."""
        return 0.5 * self.pixel


def make_grid(size: int, visit: Visit) -> Grid:
    """Inverse pose: image coordinates are scale * rotation * body + shift."""
    axis = (np.arange(size, dtype=np.float32) + 0.5) * (FIELD_CM / size) - 0.5 * FIELD_CM
    cos, sin = float(np.cos(visit.rotation)), float(np.sin(visit.rotation))
    dx = (axis - visit.shift_x)[None, :] * (1.0 / visit.scale)
    dy = (axis - visit.shift_y)[:, None] * (1.0 / visit.scale)
    x, y = cos * dx + sin * dy, cos * dy - sin * dx
    row = np.clip((y + _REACH) * (1.0 / _STEP) + 0.5, 0, len(ROWS) - 1).astype(np.intp)
    per_cm = size / FIELD_CM
    middle, turn = 0.5 * size - 0.5, visit.scale * per_cm
    to_pixel = (
        (turn * cos, -turn * sin, visit.shift_x * per_cm + middle),
        (turn * sin, turn * cos, visit.shift_y * per_cm + middle),
    )
    return Grid(x, y, row, FIELD_CM / size / visit.scale, to_pixel)
