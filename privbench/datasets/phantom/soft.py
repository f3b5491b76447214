"""Chord maps of the soft parts: body, lung air, heart, great vessels, lung vessels, airway, bowel gas."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .anatomy import Anatomy
from .grid import ROWS, Grid, Window
from .illness import Disease
from .layout import DEPTH_BREAST, SIDES, Layout, Lung
from .shapes import Array, dome, ellipsoid, soft_ellipsoid, tube
from .strokes import stroke_sum, stroke_union
from .visits import Visit

_BRANCH_OVERLAP = 1.7  # arteries and veins run side by side; one branch stands for both
# The primary branches of a lung, upper to lower: direction (radians below outward), length and root (cm).
_FAN = np.tile(np.linspace(-1.25, 1.35, 6, dtype=np.float32), 2)
_REACH = np.tile(np.array([3.4, 3.0, 2.8, 3.0, 3.8, 4.2], dtype=np.float32), 2)
_ROOT = np.tile(np.linspace(-0.8, 0.8, 6, dtype=np.float32), 2)


class Soft(NamedTuple):
    """Lengths in cm along each ray (float32) and shadows (bool), all (H, W)."""

    tissue: Array  # body outline with breasts and arms
    lung: Array  # aerated lung: pleural cavity less dome, heart and great vessels
    gas: Array  # trachea, main bronchi, stomach and bowel gas
    vessels: Array  # blood inside the lung
    lung_field: NDArray[np.bool_]  # pleural cavity above the dome and beside heart and great vessels
    heart_field: NDArray[np.bool_]  # heart's shadow


def soft_parts(anatomy: Anatomy, visit: Visit, disease: Disease, layout: Layout, grid: Grid) -> Soft:
    """Evaluate every soft solid on the grid."""
    heart = _union(layout.heart, grid)
    centre = np.maximum(heart, _union(layout.vessels, grid))
    lung, field = np.zeros_like(grid.x), np.zeros(grid.x.shape, dtype=bool)
    vessels = _BRANCH_OVERLAP * stroke_sum(grid, vessel_trees(anatomy, layout, disease))
    for cavity in layout.lungs:
        window = lung_window(cavity, grid)
        part = grid.crop(window)
        pleura = tube(part.x, *edges(cavity, part), cavity.depth[part.row], power=4)
        below = dome(part.x, part.y, *cavity.dome)
        air = np.maximum(pleura - below - centre[window], 0.0)
        lung[window] += air
        field[window] |= (pleura > 0) & (below == 0) & (centre[window] == 0)
        hilum = float(anatomy.hilum_size[SIDES.index(cavity.side)])
        root = soft_ellipsoid(part.x, part.y, *cavity.hilum, hilum, 1.7 * hilum, 1.4 * hilum)
        vessels[window] += 1.3 * root
    np.minimum(vessels, 0.9 * lung, out=vessels)
    return Soft(_body(anatomy, visit, layout, grid), lung, _gas(anatomy, visit, layout, grid), vessels,
                field, heart > 0)  # fmt: skip


def lung_window(lung: Lung, grid: Grid) -> Window:
    """Slices around one lung."""
    low, high = sorted((lung.side * 1.0, float(lung.side * np.abs(lung.lateral).max())))
    return grid.box(low - 0.5, lung.top - 0.5, high + 0.5, lung.bottom + 0.5)


def edges(lung: Lung, grid: Grid) -> tuple[Array, Array]:
    """Left and right edge of a lung at each pixel's height."""
    lateral, medial = lung.lateral[grid.row], lung.medial[grid.row]
    return (lateral, medial) if lung.side < 0 else (medial, lateral)


def vessel_trees(anatomy: Anatomy, layout: Layout, disease: Disease) -> Array:
    """(84, 6) tapered capsules: six primary branches in each lung, each forking twice."""
    calibre = 1.0 - 0.35 * disease.has("Emphysema") + 0.3 * disease.has("Edema")
    side = np.repeat(np.array(SIDES, dtype=np.float32), 6)
    angle = _FAN + anatomy.branch_angle
    length = _REACH * anatomy.branch_length * layout.inflation
    spread, radius = anatomy.branch_spread, np.repeat(anatomy.branch_radius * np.float32(calibre), 6)
    x = np.repeat([lung.hilum[0] for lung in layout.lungs], 6)
    y = np.repeat([lung.hilum[1] for lung in layout.lungs], 6) + _ROOT
    rows = []
    for taper, shorten in ((1.0, 1.0), (0.70, 0.95), (0.48, 0.85)):
        end_x = x + side * shorten * length * np.cos(angle)
        end_y = y + shorten * length * np.sin(angle)
        rows.append(np.stack([x, y, end_x, end_y, taper * radius, 0.68 * taper * radius]))
        angle = np.concatenate([angle + spread, angle - 0.8 * spread])
        x, y, length, spread, side, radius = (
            np.concatenate([part, part]) for part in (end_x, end_y, length, 0.9 * spread, side, radius)
        )
    return np.concatenate(rows, axis=1).T.astype(np.float32)


def _union(solids: tuple[tuple[float, float, float, float, float, float], ...], grid: Grid) -> Array:
    """Chord of solids that share their mid-depth: the longest of the chords."""
    chord = np.zeros_like(grid.x)
    for cx, cy, a, b, c, angle in solids:
        reach = max(a, b)
        window = grid.box(cx - reach, cy - reach, cx + reach, cy + reach)
        part = ellipsoid(grid.x[window], grid.y[window], cx, cy, a, b, c, angle)
        np.maximum(chord[window], part, out=chord[window])
    return chord


def _add_ellipsoid(chord: Array, grid: Grid, solid: tuple[float, float, float, float, float]) -> None:
    """Add an upright ellipsoid (cx, cy, a, b, c) to a chord map (H, W), in place."""
    cx, cy, a, b, c = solid
    window = grid.box(cx - a, cy - b, cx + a, cy + b)
    chord[window] += ellipsoid(grid.x[window], grid.y[window], cx, cy, a, b, c)


def _body(anatomy: Anatomy, visit: Visit, layout: Layout, grid: Grid) -> Array:
    """Torso, neck and shoulders as one tube, joined with the arms, plus the breasts."""
    chest = anatomy.thorax_half_width * layout.inflation + anatomy.wall_thickness
    shoulder_y = anatomy.shoulder_y - visit.shoulder_lift
    rising = _smooth((ROWS - (shoulder_y - 6.5)) / 7.0)
    falling = _smooth((ROWS - shoulder_y) / 11.0)
    half = anatomy.neck_half_width + (21.5 - anatomy.neck_half_width) * rising + (chest - 21.5) * falling
    half += 0.03 * np.maximum(ROWS - 4.0, 0.0)
    depth = anatomy.body_depth * (0.62 + 0.38 * _smooth((ROWS + 19.0) / 13.0))
    half, depth = half.astype(np.float32)[grid.row], depth.astype(np.float32)[grid.row]
    chord = tube(grid.x, -half, half, depth)
    dx, dy = 24.0 * np.sin(visit.arm_angle), 24.0 * np.cos(visit.arm_angle)
    y = shoulder_y + 3.5
    arms = [[side * 19.5, y, side * (19.5 + dx), y + dy, 4.6, 3.8] for side in SIDES]
    np.maximum(chord, stroke_union(grid, np.array(arms, dtype=np.float32)), out=chord)
    if anatomy.female:
        size = anatomy.breast_size
        y = anatomy.breast_y + 0.5 * visit.inspiration + visit.pitch * DEPTH_BREAST
        for side in SIDES:
            x = side * anatomy.breast_x + visit.yaw * DEPTH_BREAST
            _add_ellipsoid(chord, grid, (x, y, size, size, 0.24 * size))
    return chord


def _gas(anatomy: Anatomy, visit: Visit, layout: Layout, grid: Grid) -> Array:
    """Airway to the carina and main bronchi, stomach bubble under the left dome, a bowel loop."""
    carina = (anatomy.trachea_x + 0.3, float(anatomy.hilum_y.mean()) - 2.6)
    radius = anatomy.trachea_radius
    airway = [[anatomy.trachea_x, -24.0, *carina, radius, radius]]
    for lung in layout.lungs:
        airway.append([*carina, 0.85 * lung.hilum[0], lung.hilum[1] - 0.6, 0.75 * radius, 0.5 * radius])
    gas = stroke_union(grid, np.array(airway, dtype=np.float32))
    left = layout.lungs[1].dome_top
    if visit.stomach_size > 0.6:
        size = visit.stomach_size
        _add_ellipsoid(gas, grid, (visit.stomach_x, left + 1.0 + 0.75 * size, 1.3 * size, 0.7 * size, size))
    if visit.bowel_size > 0.8:
        size = visit.bowel_size
        _add_ellipsoid(gas, grid, (visit.stomach_x - 2.0, left + 6.5, 2.0 * size, 0.9 * size, 0.8 * size))
    return gas


def _smooth(t: Array) -> Array:
    t = np.clip(t, 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)
