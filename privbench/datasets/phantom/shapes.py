"""Closed-form chord lengths of simple solids along the viewing direction z.

Coordinates and lengths are centimetres; ``x`` and ``y`` are float32 arrays of any common shape, and each
function returns the length of the ray through (x, y) inside the solid, 0 where the ray misses it.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def ellipsoid(x: Array, y: Array, cx: float, cy: float, a: float, b: float, c: float, angle: float = 0.0) -> Array:
    """Chord of an ellipsoid with semi-axes a, b (in the image plane, turned by ``angle``) and c (along z)."""
    chord: Array = np.sqrt(_inside(x, y, cx, cy, a, b, angle))
    chord *= 2.0 * c
    return chord


def soft_ellipsoid(x: Array, y: Array, cx: float, cy: float, a: float, b: float, c: float) -> Array:
    """Line integral through an ellipsoid whose density falls as 1 - r**2 from its centre to its surface."""
    inside = _inside(x, y, cx, cy, a, b, 0.0)
    return (4.0 / 3.0) * c * inside * np.sqrt(inside)


def _inside(x: Array, y: Array, cx: float, cy: float, a: float, b: float, angle: float) -> Array:
    """1 - u**2 - v**2 in the ellipse's own axes, floored at 0."""
    dx, dy = x - cx, y - cy
    if angle:
        cos, sin = float(np.cos(angle)), float(np.sin(angle))
        dx, dy = cos * dx + sin * dy, cos * dy - sin * dx
    dx *= 1.0 / a
    dy *= 1.0 / b
    return np.maximum(1.0 - dx * dx - dy * dy, 0.0)


def tube(x: Array, left: Array, right: Array, half_depth: Array, power: int = 2) -> Array:
    """Chord of a stack of horizontal slices |z| <= half_depth * sqrt(1 - |u|**power), power 2 or 4.

    ``left``, ``right`` and ``half_depth`` are the slice at each ray's height, same shape as ``x``; u runs
    from -1 to 1 between the edges. Power 2 gives elliptic slices, power 4 fuller ones.
    """
    half = 0.5 * (right - left)
    u = (x - 0.5 * (right + left)) / np.maximum(half, 1e-3)
    u *= u
    if power == 4:
        u *= u
    return 2.0 * half_depth * np.sqrt(np.maximum(1.0 - u, 0.0)) * (half > 0)


def dome(x: Array, y: Array, cx: float, base: float, a_left: float, a_right: float, b: float, c: float) -> Array:
    """Chord of two joined half-ellipsoid caps above y = base, continued downwards as an elliptic cylinder."""
    dx = x - cx
    u = dx * np.where(dx < 0, np.float32(1.0 / a_left), np.float32(1.0 / a_right))
    v = np.minimum(y - base, 0.0) * (1.0 / b)
    return 2.0 * c * np.sqrt(np.maximum(1.0 - u * u - v * v, 0.0))


def capsule(
    x: Array, y: Array, x0: Array, y0: Array, x1: Array, y1: Array, r0: Array, r1: Array,
    aperture: float = 0.0,
) -> Array:  # fmt: skip
    """Chord of tapered capsules whose axes (x0, y0) to (x1, y1) lie in the image plane; arguments broadcast.

    The radius runs linearly from r0 to r1. A detector element of half-width ``aperture`` widens it to
    sqrt(r**2 + aperture**2) at equal cross-section area, so that structures thinner than a pixel fade
    instead of breaking up.
    """
    ex, ey = x1 - x0, y1 - y0
    dx, dy = x - x0, y - y0
    along = (dx * ex + dy * ey) / np.maximum(ex * ex + ey * ey, np.float32(1e-9))
    along = np.minimum(np.maximum(along, 0.0), 1.0)
    dx = dx - ex * along
    dy = dy - ey * along
    radius = r0 + (r1 - r0) * along
    radius *= radius
    wide = radius + np.float32(aperture * aperture)
    return 2.0 * np.sqrt(np.maximum(wide - dx * dx - dy * dy, 0.0)) * (radius / wide)


def hoop(
    x: Array, y: Array, xc: Array, yc: Array, w: Array, h: Array, tilt: Array, radius: float, depth: float,
    aperture: float = 0.0,
) -> Array:  # fmt: skip
    """Chord of tubes bent along tilted ellipses, seen edge-on along z: the ribs; arguments broadcast.

    The axis is x = xc + w sin(p), y = yc - h cos(p) + tilt * (x - xc), z = -depth cos(p). The chord is exact
    to first order in the tube radius. Where the axis turns towards z the ray stays longer in the tube, by
    |t| / |t_xy| with t the axis' tangent. ``aperture`` acts as in ``capsule``.
    """
    dx = x - xc
    u = dx / w
    v = (y - yc - tilt * dx) / h
    u *= u
    v *= v
    f = np.sqrt(u + v) + np.float32(1e-6)
    distance = (f - 1.0) * f / (np.sqrt(u / (w * w) + v / (h * h)) + np.float32(1e-6))
    wide = radius * radius + aperture * aperture
    chord = np.sqrt(np.maximum(wide - distance * distance, 0.0)) * (2.0 * radius * radius / wide)
    sine = np.minimum(u, 1.0)
    return chord * np.sqrt(1.0 + depth * depth * sine / (w * w * (1.0 - sine) + h * h * sine))
