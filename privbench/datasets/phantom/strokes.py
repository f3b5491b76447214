"""Many thin solids on one grid: each is evaluated only on the pixels its bounding box touches."""

import numpy as np
from numpy.typing import NDArray

from .grid import Grid
from .shapes import Array, capsule, hoop


def stroke_sum(grid: Grid, segments: Array) -> Array:
    """Summed chords (H, W) of tapered capsules, ``segments`` (K, 6) rows x0, y0, x1, y1, r0, r1."""
    at, chord = _capsules(grid, segments, 0.0, 0.0)
    total = np.bincount(at, weights=chord, minlength=grid.x.size)
    return total.astype(np.float32).reshape(grid.x.shape)


def stroke_union(grid: Grid, segments: Array, marrow: float = 0.0, loss: float = 0.0) -> Array:
    """Longest chord (H, W) over capsules that share their mid-depth.

    A core of relative radius ``marrow`` counts ``loss`` less.
    """
    at, chord = _capsules(grid, segments, marrow, loss)
    longest = np.zeros(grid.x.size, dtype=np.float32)
    np.maximum.at(longest, at, chord)
    return longest.reshape(grid.x.shape)


def hoop_sum(
    grid: Grid,
    hoops: Array,
    radius: float,
    depth: float,
    head: float,
    front_end: Array,
    marrow: float,
    loss: float,
) -> Array:
    """Summed chords (H, W) of rib pairs, ``hoops`` (K, 5) rows xc, yc, w, h, tilt.

    The tubes begin ``head`` beside the midline; the front branch (y > yc) ends at |x - xc| = ``front_end``
    (K,). A core of relative radius ``marrow`` counts ``loss`` less.
    """
    xc, yc, w, h, tilt = (hoops[:, i].reshape(-1, 1, 1) for i in range(5))
    u = (grid.x - xc) * (1.0 / w)
    v = (grid.y - yc) * (1.0 / h) - u * (tilt * w / h)
    u *= u
    v *= v
    u += v
    # |f - 1| = distance * slope / f <= distance / min(w, h), which bounds the pixels a tube can touch.
    reach = np.hypot(radius, grid.aperture) / np.minimum(w, h)
    near = np.flatnonzero(np.abs(u - 1.0) <= reach * (2.0 + reach)).astype(np.int32)
    which = near // grid.x.size
    at = near - which * grid.x.size
    x, y = grid.x.ravel()[at], grid.y.ravel()[at]
    xc, yc, w, h, tilt = hoops[which].T
    chord = hoop(x, y, xc, yc, w, h, tilt, radius, depth, grid.aperture)
    chord -= loss * hoop(x, y, xc, yc, w, h, tilt, marrow * radius, depth, grid.aperture)
    across = x - xc
    aside = np.abs(across)
    chord *= (aside > head) & ((y < yc + tilt * across) | (aside > front_end[which]))
    total = np.bincount(at, weights=chord, minlength=grid.x.size)
    return total.astype(np.float32).reshape(grid.x.shape)


def _capsules(grid: Grid, segments: Array, marrow: float, loss: float) -> tuple[NDArray[np.int32], Array]:
    """Flat pixel indices and chords of all (segment, pixel) pairs whose boxes meet."""
    which, at = _touched(grid, segments)
    x, y = grid.x.ravel()[at], grid.y.ravel()[at]
    x0, y0, x1, y1, r0, r1 = segments[which].T
    chord = capsule(x, y, x0, y0, x1, y1, r0, r1, grid.aperture)
    if loss:
        chord -= loss * capsule(x, y, x0, y0, x1, y1, marrow * r0, marrow * r1, grid.aperture)
    return at, chord


def _touched(grid: Grid, segments: Array) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Pairs (segment, flat pixel index) of every pixel inside a segment's bounding box."""
    (a, b, c), (d, e, f) = grid.to_pixel
    xs, ys = segments[:, 0:3:2], segments[:, 1:4:2]
    columns, rows = a * xs + b * ys + c, d * xs + e * ys + f
    reach = (np.maximum(segments[:, 4], segments[:, 5]) + grid.aperture) / grid.pixel
    size = len(grid.x)
    low, high = np.minimum, np.maximum
    left = low(high(low(columns[:, 0], columns[:, 1]) - reach, 0), size).astype(np.int32)
    right = low(high(high(columns[:, 0], columns[:, 1]) + reach + 2, 0), size).astype(np.int32)
    top = low(high(low(rows[:, 0], rows[:, 1]) - reach, 0), size).astype(np.int32)
    bottom = low(high(high(rows[:, 0], rows[:, 1]) + reach + 2, 0), size).astype(np.int32)
    across = right - left
    count = across * (bottom - top)
    which = np.repeat(np.arange(len(segments), dtype=np.int32), count)
    start = np.cumsum(count, dtype=np.int32) - count
    offset = np.arange(len(which), dtype=np.int32) - start[which]
    across = across[which]
    down = offset // across
    return which, (top * size + left)[which] + down * size + (offset - down * across)
