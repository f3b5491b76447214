"""Anatomy, breath and disease resolved into the solids of one visit.

Depths along z move structures sideways by the visit's yaw and vertically by its pitch, which is a parallel
projection along a slightly turned direction.
"""

from typing import NamedTuple

import numpy as np

from . import spreads
from .anatomy import Anatomy
from .grid import ROWS
from .illness import Disease
from .shapes import Array
from .visits import Visit

SIDES = (-1, 1)  # right lung (image left), left lung
Ellipsoid = tuple[float, float, float, float, float, float]  # cx, cy, a, b, c, angle
# Depths of structures, cm in front of the mid-plane.
_DEPTH_HEART, _DEPTH_VESSELS, _DEPTH_DOME = 4.0, 1.0, 1.0
DEPTH_SPINE, DEPTH_CLAVICLE, DEPTH_BREAST = -6.0, 7.0, 11.0
_MODES = np.pi * np.arange(1, 5, dtype=np.float32)[:, None]  # angular frequencies of the shape modes
_SULCUS = 0.6  # cm that the pleura reaches below the base of the dome


class Lung(NamedTuple):
    """One pleural cavity before dome and heart are cut out of it."""

    side: int  # -1 right, 1 left
    top: float
    bottom: float
    lateral: Array  # (rows,), signed x of the lateral wall
    medial: Array  # (rows,), signed x of the mediastinal border
    depth: Array  # (rows,), half depth along z
    dome: tuple[float, float, float, float, float, float]  # cx, base, a_left, a_right, b, c
    hilum: tuple[float, float]

    @property
    def dome_top(self) -> float:
        """Height of the diaphragm's highest point."""
        return self.dome[1] - self.dome[4]

    def point(self, across: float, down: float) -> tuple[float, float]:
        """Body-frame (x, y) at fractions of the lung's width (0 medial, 1 lateral) and visible height."""
        y = self.top + down * (self.dome_top - self.top)
        row = int(np.clip((y - ROWS[0]) / (ROWS[1] - ROWS[0]), 0, len(ROWS) - 1))
        return float(self.medial[row] + across * (self.lateral[row] - self.medial[row])), y


class Layout(NamedTuple):
    """Solids of one visit, in the body frame."""

    lungs: tuple[Lung, Lung]  # right, left
    heart: tuple[Ellipsoid, ...]
    vessels: tuple[Ellipsoid, ...]  # aortic knob, pulmonary trunk
    spine_x: Array  # (rows,)
    inflation: float  # relative width of the chest, 1 at an average breath
    lung_attenuation: float  # per cm


def lay_out(anatomy: Anatomy, visit: Visit, disease: Disease) -> Layout:
    """Resolve the thorax; findings that change shapes (heart, volume, overinflation) act here."""
    rest_top = 0.5 * (_rest_top(anatomy, visit, 0) + _rest_top(anatomy, visit, 1))
    air_trapping, large_heart = disease.grade("Emphysema"), disease.grade("Cardiomegaly")
    width = 1.0 + spreads.WIDTH_PER_BREATH * visit.inspiration + (0.03 if air_trapping else 0.0)
    tops = [_dome_top(anatomy, visit, disease, i) for i in (0, 1)]
    lungs = tuple(_lung(anatomy, visit, i, tops[i], width, air_trapping) for i in (0, 1))
    attenuation = visit.lung_density * (1.0 + spreads.DENSITY_PER_BREATH * visit.inspiration)
    if air_trapping:
        attenuation *= 0.72 - 0.15 * air_trapping
    return Layout(
        lungs=(lungs[0], lungs[1]),
        heart=_heart(anatomy, visit, rest_top, large_heart, air_trapping),
        vessels=_great_vessels(anatomy, visit),
        spine_x=_spine(anatomy, visit),
        inflation=1.0 + spreads.WIDTH_PER_BREATH * visit.inspiration,
        lung_attenuation=attenuation,
    )


def _rest_top(anatomy: Anatomy, visit: Visit, index: int) -> float:
    """Height of a healthy dome at this breath."""
    top = anatomy.dome_top + index * anatomy.dome_left_drop + spreads.DOME_PER_BREATH * visit.inspiration
    return top + visit.pitch * _DEPTH_DOME


def _dome_top(anatomy: Anatomy, visit: Visit, disease: Disease, index: int) -> float:
    top = _rest_top(anatomy, visit, index)
    if disease.has("Emphysema"):
        top += 1.2 + 0.8 * disease.grade("Emphysema")
    if disease.has("Fibrosis"):
        top -= 0.6 + 0.8 * disease.grade("Fibrosis")
    if disease.has("Atelectasis") and index == int(disease.place("Atelectasis")[0] < 0.5):
        top -= 0.8 + 1.0 * disease.grade("Atelectasis")
    return min(max(top, 3.0), 13.0)


def _lung(anatomy: Anatomy, visit: Visit, index: int, dome_top: float, width: float, trapped: float) -> Lung:
    side = SIDES[index]
    rise = float(anatomy.dome_rise[index]) * (0.45 if trapped else 1.0)
    top, base = float(anatomy.lung_top[index]), dome_top + rise
    bottom = base + _SULCUS
    # Disease moves the dome inside a chest wall that stays as it is.
    rest = _rest_top(anatomy, visit, index) + float(anatomy.dome_rise[index]) + _SULCUS
    t = np.minimum(np.maximum((ROWS - top) / (rest - top), 0.0), 1.0)
    end = np.minimum(np.maximum((bottom - ROWS) / (0.1 * (bottom - top)), 0.0), 1.0)
    waves = np.cos(_MODES[:4] * t)
    apex_x = float(anatomy.apex_x[index]) * width
    opening = 1.0 - np.maximum(1.0 - t / anatomy.apex_roundness, 0.0) ** 2
    wall = anatomy.thorax_half_width * width
    wall *= 1.0 - anatomy.thorax_taper + anatomy.thorax_taper * np.sin(0.5 * np.pi * np.minimum(t / 0.8, 1.0))
    wall = wall + anatomy.wall_modes[4 * index : 4 * index + 4] @ waves
    lateral = apex_x + (wall - apex_x) * np.sqrt(opening)
    border = 2.75 + anatomy.medial_modes[4 * index : 4 * index + 4] @ waves
    apex_opening = 1.0 - np.maximum(1.0 - t / 0.13, 0.0) ** 2
    medial = apex_x - (apex_x - border) * np.sqrt(apex_opening)
    depth = anatomy.lung_depth * np.sqrt(np.minimum(t / 0.3, 1.0) * end)
    if trapped:
        depth = depth * (1.02 + 0.04 * trapped)
    mean_wall = float(wall[np.searchsorted(ROWS, min(base, 15.0))])
    centre = 0.5 * (mean_wall + 2.0) + float(anatomy.dome_peak[index])
    outer, inner = mean_wall - centre + 0.05, centre + 1.0
    left, right = (outer, inner) if side < 0 else (inner, outer)
    return Lung(
        side=side, top=top, bottom=bottom,
        lateral=(side * lateral).astype(np.float32), medial=(side * medial).astype(np.float32),
        depth=depth.astype(np.float32),
        dome=(side * centre + visit.yaw * _DEPTH_DOME, base, left, right, rise, 1.6 * anatomy.lung_depth),
        hilum=(side * float(anatomy.hilum_x[index]) * width,
               float(anatomy.hilum_y[index]) + 0.35 * visit.inspiration),
    )  # fmt: skip


def _heart(anatomy: Anatomy, visit: Visit, dome_top: float, large: float, trapped: float) -> tuple[Ellipsoid, ...]:
    """Ventricles and right atrium; disease widens the heart about its right border."""
    breath = 1.0 + spreads.HEART_WIDTH_PER_BREATH * visit.inspiration
    scale = visit.heart_phase * (spreads.AP_HEART if visit.view == "AP" else 1.0)
    wide = scale * breath * (1.28 + 0.18 * large if large else 1.0) * (0.9 if trapped else 1.0)
    x = visit.yaw * _DEPTH_HEART
    y = dome_top + (0.8 if trapped else 0.0) + anatomy.heart_y + visit.pitch * _DEPTH_HEART
    depth = 0.75 * anatomy.lung_depth
    angle = anatomy.heart_angle + 0.03 * visit.inspiration
    angle += (0.15 if trapped else 0.0) - (0.06 if large else 0.0)
    return (
        (x + anatomy.heart_x * wide, y, anatomy.heart_long * wide, anatomy.heart_short * scale, depth, angle),
        (x + anatomy.atrium_x * wide, y - 0.3, anatomy.atrium_width * wide, anatomy.atrium_height * scale,
         0.9 * depth, 0.0),
        (x + 0.7, y - 4.0, 2.9 * scale, 4.2 * scale, 0.8 * depth, 0.0),
    )  # fmt: skip


def _great_vessels(anatomy: Anatomy, visit: Visit) -> tuple[Ellipsoid, ...]:
    knob, trunk = anatomy.knob_radius, anatomy.trunk_radius
    x = visit.yaw * _DEPTH_VESSELS
    return (
        (x + anatomy.knob_x, anatomy.knob_y, knob, 1.1 * knob, 3.4, 0.0),
        (x + 1.9, anatomy.trunk_y + 0.2 * visit.inspiration, trunk, 1.25 * trunk, 3.4, 0.0),
    )


def _spine(anatomy: Anatomy, visit: Visit) -> Array:
    """x of the spine's midline over ROWS: three sine modes over the thorax, more bent with age."""
    t = np.clip((ROWS + 20.0) / 40.0, 0.0, 1.0)
    waves = np.sin(_MODES[:3] * t)
    return (anatomy.spine_modes @ waves + visit.yaw * DEPTH_SPINE).astype(np.float32)
