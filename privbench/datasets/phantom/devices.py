"""Foreign bodies on the film: leads, lines, tubes, pacemaker, burnt-in marker.

They are placed in the body frame by the visit's own random numbers, never by the patient's anatomy, so that
no device tells patients apart.
"""

from itertools import pairwise

import numpy as np

from .grid import Grid
from .shapes import Array
from .strokes import stroke_union
from .visits import Visit

_KINDS = ("leads", "line", "feeding", "airway", "pacemaker")  # rows of Visit.device_site
_METAL, _PLASTIC = 2.2, 0.9  # attenuation per cm beyond the tissue they lie on
_GLYPHS = {"L": ("100", "100", "100", "100", "111"), "R": ("110", "101", "110", "101", "101")}


def device_integral(visit: Visit, grid: Grid) -> Array:
    """Line integral of attenuation through all devices, (H, W)."""
    total = np.zeros_like(grid.x)
    for kind in visit.devices:
        paths, attenuation = _PATHS[kind](visit.device_site[_KINDS.index(kind)].tolist())
        total += attenuation * stroke_union(grid, np.array(paths, dtype=np.float32))
    return total


def burn_marker(image: Array, visit: Visit) -> None:
    """Write a side marker into an upper corner of ``image`` (H, W), in place, white = 1."""
    if not len(visit.marker):
        return
    size = len(image)
    where, down, across, scale = visit.marker.tolist()
    glyph = np.array([[int(c) for c in row] for row in _GLYPHS["L" if where < 0.8 else "R"]], dtype=bool)
    block = np.kron(glyph, np.ones((max(1, round(size * (0.006 + 0.006 * scale))),) * 2, dtype=bool))
    height, width = block.shape
    top = int((0.02 + 0.08 * down) * size)
    inset = int((0.03 + 0.07 * across) * size)
    left = size - inset - width if where < 0.8 else inset
    image[top : top + height, left : left + width][block] = 1.0


def _chain(points: list[tuple[float, float]], radius: float) -> list[list[float]]:
    return [[*a, *b, radius, radius] for a, b in pairwise(points)]


def _leads(u: list[float]) -> tuple[list[list[float]], float]:
    """Three electrodes with wires that leave over the shoulder or the flank."""
    right, left = (-9.0 + 3 * u[0], -9.0 + 3 * u[1]), (9.0 - 3 * u[2], -9.0 + 3 * u[3])
    spots = [right, left, (9.0 + 3 * u[4], 5.0 + 5 * u[5])]
    meet = (2.0 + 8 * (u[6] - 0.5), 13.0 + 5 * u[7])
    paths = []
    for x, y in spots:
        middle = (0.5 * (x + meet[0]) + 4 * (u[8] - 0.5), 0.5 * (y + meet[1]) + 3 * (u[9] - 0.5))
        paths += _chain([(x, y), middle, meet], 0.09)
        paths.append([x, y, x + 0.1, y, 0.65, 0.65])
    return paths, _METAL * 0.5


def _line(u: list[float]) -> tuple[list[list[float]], float]:
    """Central venous line from the neck or under the clavicle to beside the right heart."""
    side = -1.0 if u[0] < 0.7 else 1.0
    start = (side * 4.5, -20.0) if u[1] < 0.5 else (side * 12.0, -10.0 + 2 * u[2])
    tip = (-2.4 - u[5], -3.0 + 5 * u[6])
    return _chain([start, (side * 3.5, -12.5 + u[3]), (-1.8 - u[4], -8.5), tip], 0.14), _PLASTIC


def _feeding(u: list[float]) -> tuple[list[list[float]], float]:
    """Feeding tube along the oesophagus into the stomach."""
    x = u[0] - 0.5
    bend, tip = (3.0 + 2 * u[1], 12.0), (6.0 + 3 * u[2], 14.0)
    return _chain([(x, -21.0), (x + 0.4, -8.0), (x + 0.8, 5.0), bend, tip], 0.17), _PLASTIC


def _airway(u: list[float]) -> tuple[list[list[float]], float]:
    """Endotracheal tube that ends above the carina."""
    return _chain([(0.6 * (u[0] - 0.5), -21.0), (0.8 * (u[1] - 0.5), -10.0 + 2.5 * u[2])], 0.3), _PLASTIC


def _pacemaker(u: list[float]) -> tuple[list[list[float]], float]:
    """Generator below a clavicle with one lead into the right heart."""
    side = 1.0 if u[0] < 0.8 else -1.0
    x, y = side * (10.0 + 2 * u[1]), -9.0 + 2 * u[2]
    lead = _chain([(x, y), (side * 5.0, -12.0), (-1.5, -9.0), (-2.0, 0.0), (2.5 + 3 * u[3], 5.5 + u[4])], 0.1)
    return [*lead, [x - 1.0, y, x + 1.0, y, 1.6, 1.6]], _METAL * 0.5


_PATHS = {"leads": _leads, "line": _line, "feeding": _feeding, "airway": _airway, "pacemaker": _pacemaker}
