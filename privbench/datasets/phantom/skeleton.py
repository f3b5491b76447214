"""Chord maps of bone: ribs, spine, clavicles, scapulae, upper arms."""

import numpy as np

from . import spreads
from .anatomy import Anatomy
from .grid import ROWS, Grid
from .layout import DEPTH_CLAVICLE, DEPTH_SPINE, SIDES, Layout
from .shapes import Array, ellipsoid, tube
from .strokes import hoop_sum, stroke_union
from .visits import Visit

RIBS = 10
_MARROW = 0.62  # radius of a rib's marrow relative to the rib
_MARROW_LOSS = 0.6  # share of bone missing from the marrow
_RIB_BONE = 1.0  # ribs are flatter along the ray than in the image plane
_RIB_HEAD = 1.3  # cm from the midline to where the ribs meet the spine
_RIB_DEPTH = 3.0  # cm, half depth of the ribs' course that lengthens the chords at the chest wall


def bones(anatomy: Anatomy, visit: Visit, layout: Layout, grid: Grid) -> Array:
    """Centimetres of compact-bone equivalent along each ray, (H, W)."""
    bone = _ribs(anatomy, visit, layout, grid)
    bone += _spine(anatomy, visit, layout, grid)
    bone += _girdle(anatomy, visit, grid)
    return bone


def rib_hoops(anatomy: Anatomy, visit: Visit, layout: Layout) -> Array:
    """(RIBS, 5) float32 hoops of ``shapes.rings``: one tilted ellipse carries a rib pair."""
    order = np.arange(RIBS)
    spacing = anatomy.rib_spacing * (1.0 + spreads.RIB_SPREAD_PER_BREATH * visit.inspiration)
    drop = anatomy.rib_drop * (1.0 + spreads.RIB_DROP_PER_BREATH * visit.inspiration) * (0.62 + 0.07 * order)
    posterior = anatomy.rib_top + spacing * order + anatomy.rib_jitter + visit.pitch * DEPTH_SPINE
    centre_y = posterior + drop
    row = np.clip(np.searchsorted(ROWS, centre_y), 0, len(ROWS) - 1)
    right, left = (lung.lateral[row] for lung in layout.lungs)
    # Below the lungs the wall goes on where it ended.
    half = np.maximum.accumulate(0.5 * (left - right)) - 0.1
    centre_x = 0.5 * (left + right)
    hoops = np.stack([centre_x, centre_y, half, drop, np.full(RIBS, anatomy.rib_tilt)], axis=1)
    return hoops.astype(np.float32)


def _ribs(anatomy: Anatomy, visit: Visit, layout: Layout, grid: Grid) -> Array:
    hoops = rib_hoops(anatomy, visit, layout)
    # Cartilage joins the front ends of the ribs to the sternum; it casts no shadow.
    order = np.arange(RIBS, dtype=np.float32)
    front = hoops[:, 2] * np.minimum(anatomy.rib_anterior_end + 0.035 * order, 0.8)
    chords = hoop_sum(grid, hoops, anatomy.rib_radius, _RIB_DEPTH, _RIB_HEAD, front, _MARROW, _MARROW_LOSS)
    return _RIB_BONE * chords


def _spine(anatomy: Anatomy, visit: Visit, layout: Layout, grid: Grid) -> Array:
    """Column of vertebral bodies: less bone at the discs, denser pedicles on either side."""
    pitch = anatomy.vertebra_pitch
    phase = np.cos((2.0 * np.pi / pitch) * (ROWS - anatomy.rib_top - visit.pitch * DEPTH_SPINE))
    body = (0.80 + 0.20 * np.tanh(3.0 * (phase + 0.6))).astype(np.float32)
    half = anatomy.spine_half_width * (0.85 + 0.012 * (ROWS + 20.0)) * (0.95 - 0.05 * phase).astype(np.float32)
    window = grid.box(float(layout.spine_x.min()) - 3.0, -24.0, float(layout.spine_x.max()) + 3.0, 24.0)
    part = grid.crop(window)
    centre, width = layout.spine_x[part.row], half[part.row]
    bone = np.zeros_like(grid.x)
    bone[window] = tube(part.x, centre - width, centre + width, 1.5 * body[part.row], power=4)
    process = np.abs(part.x - centre) < 0.35
    bone[window] += 0.5 * process * (phase.astype(np.float32)[part.row] < -0.1)
    return 0.30 * bone


def _girdle(anatomy: Anatomy, visit: Visit, grid: Grid) -> Array:
    """Clavicles as bent pairs of capsules, scapular blades as flat ellipsoids, humeral heads and shafts."""
    bone = np.zeros_like(grid.x)
    segments = []
    x, lift = visit.yaw * DEPTH_CLAVICLE, visit.shoulder_lift
    y = anatomy.clavicle_y + visit.pitch * DEPTH_CLAVICLE
    radius = anatomy.clavicle_radius
    for index, side in enumerate(SIDES):
        rise, bow = float(anatomy.clavicle_rise[index]) + lift, float(anatomy.clavicle_bow[index])
        points = [
            (x + side * 1.7, y),
            (x + side * 6.2, y - 0.30 * rise + bow),
            (x + side * 11.0, y - 0.75 * rise - 0.2 * bow),
            (side * 16.5, y - rise),
        ]
        sizes = (1.3 * radius, radius, 0.9 * radius, 1.1 * radius)
        for i in range(3):
            segments.append([*points[i], *points[i + 1], sizes[i], sizes[i + 1]])
        shoulder = (side * 19.5, anatomy.shoulder_y - lift + 3.4)
        reach = 18.0 * np.array([side * np.sin(visit.arm_angle), np.cos(visit.arm_angle)])
        segments.append([*shoulder, *(np.array(shoulder) + reach), 1.2, 1.0])
        segments.append([*shoulder, shoulder[0], shoulder[1] + 0.3, 2.2, 2.0])
        blade_x = side * (float(anatomy.scapula_x[index]) + 0.8 * lift - 0.6 * (visit.view == "AP"))
        blade_y = anatomy.shoulder_y - 0.6 * lift + 6.2
        tilt = side * float(anatomy.scapula_angle[index])
        window = grid.box(blade_x - 7, blade_y - 7, blade_x + 7, blade_y + 7)
        blade = ellipsoid(grid.x[window], grid.y[window], blade_x, blade_y, 2.7, 6.4, 1.0, tilt)
        bone[window] += 0.55 * np.minimum(blade, 0.9)
    return bone + 0.85 * stroke_union(grid, np.array(segments, dtype=np.float32), _MARROW, _MARROW_LOSS)
