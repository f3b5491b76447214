"""Chord maps of the findings that add to, replace or empty lung: all but heart size and overinflation.

Each painter takes the layout, the grid, the aerated-lung map, the finding's uniform numbers and its grade
(0 to 1) and returns centimetres of lung replaced by soft tissue, (H, W). Overlaps are resolved afterwards:
no ray can lose more lung than it has.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .grid import ROWS, Grid
from .illness import Disease
from .layout import Layout, Lung
from .shapes import Array, ellipsoid, soft_ellipsoid
from .soft import lung_window
from .strokes import stroke_sum, stroke_union


class Lesions(NamedTuple):
    """Lengths in cm along each ray, (H, W) float32."""

    filled: Array  # lung replaced by soft tissue or fluid
    emptied: Array  # lung replaced by free pleural air
    tissue: Array  # soft tissue added outside the lung's share: pleural line, herniated stomach
    gas: Array  # gas inside herniated stomach
    shadows: dict[str, Array]  # what each finding added or emptied on its own, overlaps left aside


def lesions(disease: Disease, layout: Layout, grid: Grid, lung: Array) -> Lesions:
    """Everything the visit's findings add, given the aerated lung ``lung`` (H, W)."""
    filled, emptied = np.zeros_like(lung), np.zeros_like(lung)
    tissue, gas = np.zeros_like(lung), np.zeros_like(lung)
    shadows: dict[str, Array] = {}
    for finding, paint in PAINTERS.items():
        if disease.has(finding):
            shadows[finding] = paint(layout, grid, lung, disease.place(finding), disease.grade(finding))
            filled += shadows[finding]
    np.minimum(filled, 0.97 * lung, out=filled)
    if disease.has("Pneumothorax"):
        emptied, tissue = pneumothorax(layout, grid, lung - filled, disease.place("Pneumothorax"),
                                       disease.grade("Pneumothorax"))  # fmt: skip
        shadows["Pneumothorax"] = emptied
    if disease.has("Hernia"):
        pouch, gas = hernia(layout, grid, disease.place("Hernia"), disease.grade("Hernia"))
        behind = np.minimum(pouch, lung - filled - emptied)
        filled += behind
        tissue += 0.4 * (pouch - behind)  # most of the pouch takes the place of other tissue
        shadows["Hernia"] = pouch
    return Lesions(filled, emptied, tissue, gas, shadows)


_DENSE = 2.0  # tumours pull in the vessels and septa around them, which adds to their own shadow


def _sides(layout: Layout, u: float, both: float) -> list[Lung]:
    """Both lungs with chance ``both``, else one of them with equal chance."""
    if u < both:
        return list(layout.lungs)
    return [layout.lungs[int(u < both + 0.5 * (1.0 - both))]]


def atelectasis(layout: Layout, grid: Grid, lung: Array, site: Array, grade: float) -> Array:
    """Two or three plates above a raised dome, and a collapsed wedge at the inner base."""
    side = layout.lungs[int(site[0] < 0.5)]
    count = 2 + int(site[1] < 0.5)
    rows = []
    for k in range(count):
        x, y = side.point(0.25 + 0.35 * float(site[2 + k]), 0.72 + 0.24 * float(site[5 + k]))
        half, slope = 2.3 + 1.2 * float(site[8 + k]), 0.5 * (float(site[11 + k]) - 0.5)
        rows.append([x - half, y - half * slope, x + half, y + half * slope, 0.32 + 0.12 * grade, 0.25])
    plates = 6.0 * stroke_union(grid, np.array(rows, dtype=np.float32))
    x, y = side.point(0.30, 1.0)
    return plates + soft_ellipsoid(grid.x, grid.y, x, y + 0.5, 4.6, 3.8, 3.2 + 2.5 * grade)


def consolidation(layout: Layout, grid: Grid, lung: Array, site: Array, grade: float) -> Array:
    """One or two dense, well-filled regions with a mottled texture."""
    filled = np.zeros_like(lung)
    for k in range(1 + int(site[0] < 0.35)):
        at = 1 + 6 * k
        cavity = layout.lungs[int(site[at] < 0.5)]
        x, y = cavity.point(0.30 + 0.45 * float(site[at + 1]), 0.25 + 0.65 * float(site[at + 2]))
        a, b = 2.6 + 1.6 * float(site[at + 3]) + grade, 2.4 + 1.4 * float(site[at + 4]) + grade
        mottle = 0.8 + 0.2 * np.cos(3.1 * grid.x + 6.3 * site[at + 5]) * np.cos(2.7 * grid.y + 6.3 * site[at])
        filled += mottle * ellipsoid(grid.x, grid.y, x, y, a, b, 3.4 + 1.6 * grade)
    return filled


def edema(layout: Layout, grid: Grid, lung: Array, site: Array, grade: float) -> Array:
    """Bilateral haze about the hila."""
    filled = np.zeros_like(lung)
    for cavity in layout.lungs:
        x, y = cavity.hilum[0] + cavity.side * (1.6 + float(site[0])), cavity.hilum[1] + 1.0 + float(site[1])
        filled += soft_ellipsoid(grid.x, grid.y, x, y, 5.8, 8.0, 2.8 + 2.4 * grade)
    return filled


def effusion(layout: Layout, grid: Grid, lung: Array, site: Array, grade: float) -> Array:
    """Fluid in the costophrenic angle whose surface climbs along the lateral wall."""
    filled = np.zeros_like(lung)
    height = 3.6 + 6.0 * grade
    for cavity in _sides(layout, float(site[0]), 0.3):
        window = lung_window(cavity, grid)
        part = grid.crop(window)
        medial = cavity.medial[part.row]
        width = cavity.lateral[part.row] - medial + 1e-3 * cavity.side
        across = np.clip((part.x - medial) / width, 0.0, 1.0)
        surface = cavity.dome[1] + 0.8 - height * (0.45 + 0.55 * across * across)
        filled[window] += lung[window] * np.clip((part.y - surface) * 0.8, 0.0, 1.0)
    return filled


def fibrosis(layout: Layout, grid: Grid, lung: Array, site: Array, grade: float) -> Array:
    """A basal net of fine lines in both lungs over a faint haze."""
    filled = np.zeros_like(lung)
    for index, cavity in enumerate(layout.lungs):
        u = site[48 * index : 48 * index + 48].reshape(12, 4)
        rows = []
        for across, down, turn, length in u.tolist():
            x, y = cavity.point(0.30 + 0.62 * across, 0.55 + 0.45 * down)
            dx, dy = np.cos(np.pi * turn), np.sin(np.pi * turn)
            reach = 1.2 + 1.6 * length
            rows.append([x - reach * dx, y - reach * dy, x + reach * dx, y + reach * dy, 0.2, 0.2])
        window = lung_window(cavity, grid)
        part = grid.crop(window)
        filled += (5.0 + 2.5 * grade) * stroke_sum(grid, np.array(rows, dtype=np.float32))
        x, y = cavity.point(0.6, 0.9)
        filled[window] += soft_ellipsoid(part.x, part.y, x, y, 5.0, 4.5, 2.2 + 1.4 * grade)
    return filled


def infiltration(layout: Layout, grid: Grid, lung: Array, site: Array, grade: float) -> Array:
    """Four to six ill-defined patches in one or both lungs."""
    filled = np.zeros_like(lung)
    cavities = _sides(layout, float(site[0]), 0.6)
    for k in range(4 + int(3 * site[1])):
        u = site[2 + 5 * k : 7 + 5 * k]
        x, y = cavities[k % len(cavities)].point(0.15 + 0.65 * float(u[0]), 0.25 + 0.70 * float(u[1]))
        a, b = 2.0 + 1.3 * float(u[2]), 1.8 + 1.3 * float(u[3])
        window = grid.box(x - a, y - b, x + a, y + b)
        depth = 1.5 + 1.2 * grade + float(u[4])
        filled[window] += soft_ellipsoid(grid.x[window], grid.y[window], x, y, a, b, depth)
    return filled


def mass(layout: Layout, grid: Grid, lung: Array, site: Array, grade: float) -> Array:
    """One sphere of 3.4 cm diameter or more."""
    return _sphere(layout, grid, lung, site, 1.7 + 1.4 * grade)


def nodule(layout: Layout, grid: Grid, lung: Array, site: Array, grade: float) -> Array:
    """One to three spheres below 3 cm diameter."""
    filled = np.zeros_like(lung)
    for k in range(1 + int(3 * site[0])):
        radius = 0.90 + 0.30 * grade + 0.28 * float(site[20 + k])
        filled += _sphere(layout, grid, lung, site[1 + 4 * k :], radius)
    return filled


def pleural_thickening(layout: Layout, grid: Grid, lung: Array, site: Array, grade: float) -> Array:
    """A rind along the lateral wall and over the apex of one or both lungs."""
    filled = np.zeros_like(lung)
    for cavity in _sides(layout, float(site[0]), 0.4):
        window = lung_window(cavity, grid)
        part = grid.crop(window)
        thickness = 0.8 + 0.9 * grade
        inward = np.abs(cavity.lateral[part.row] - part.x)
        from_top = part.y > cavity.top + 14.0 * float(site[1]) - 8.0
        rind = np.clip((thickness - inward) / 0.4 + 0.5, 0.0, 1.0) * from_top
        cap = np.clip((cavity.top + 1.4 * thickness - part.y) / 0.4 + 0.5, 0.0, 1.0)
        filled[window] += lung[window] * np.maximum(rind, cap)
    return filled


def pneumonia(layout: Layout, grid: Grid, lung: Array, site: Array, grade: float) -> Array:
    """One soft-edged lobar focus, lower lung preferred, with three satellites."""
    cavity = layout.lungs[int(site[0] < 0.45)]
    x, y = cavity.point(0.30 + 0.40 * float(site[1]), 0.55 + 0.40 * float(site[2]))
    filled = soft_ellipsoid(grid.x, grid.y, x, y, 4.8, 4.2, 3.4 + 2.4 * grade)
    for k in range(3):
        dx, dy = (7.0 * (site[3 + 2 * k : 5 + 2 * k] - 0.5)).tolist()
        filled += soft_ellipsoid(grid.x, grid.y, x + dx, y + dy, 2.0, 1.8, 2.0)
    return filled


def _sphere(layout: Layout, grid: Grid, lung: Array, site: Array, radius: float) -> Array:
    x, y = layout.lungs[int(site[0] < 0.5)].point(0.18 + 0.62 * float(site[1]), 0.22 + 0.68 * float(site[2]))
    filled = np.zeros_like(lung)
    window = grid.box(x - radius, y - radius, x + radius, y + radius)
    filled[window] = _DENSE * ellipsoid(grid.x[window], grid.y[window], x, y, radius, radius, radius)
    return filled


def pneumothorax(layout: Layout, grid: Grid, lung: Array, site: Array, grade: float) -> tuple[Array, Array]:
    """Free air between chest wall and collapsed lung, widest at the apex; and the thin pleural line."""
    emptied, line = np.zeros_like(lung), np.zeros_like(lung)
    cavity = layout.lungs[int(site[0] < 0.5)]
    gap = 1.7 + 2.6 * grade
    t = np.clip((ROWS - cavity.top) / (cavity.bottom - cavity.top), 0.0, 1.0)
    shifted = np.interp(ROWS - gap, ROWS, cavity.side * cavity.lateral)
    visceral = (cavity.side * (shifted - 0.75 * gap * (1.0 - t))).astype(np.float32)
    window = lung_window(cavity, grid)
    part = grid.crop(window)
    beyond = cavity.side * (part.x - visceral[part.row])
    width = max(0.12, 2.0 * grid.aperture)
    below_apex = np.clip((part.y - cavity.top - gap) / width, 0.0, 1.0)
    free = np.maximum(np.clip(beyond / width + 0.5, 0.0, 1.0), 1.0 - below_apex)
    emptied[window] = 0.85 * free * lung[window]
    edge = np.clip(1.0 - np.abs(beyond) / width, 0.0, 1.0) * below_apex * (lung[window] > 0)
    line[window] = edge * np.float32(1.2 * 0.12 / width)
    return emptied, line


def hernia(layout: Layout, grid: Grid, site: Array, grade: float) -> tuple[Array, Array]:
    """A stomach pouch behind the heart and the gas above its fluid level."""
    x = 0.6 + 2.4 * float(site[0])
    size = 3.0 + 1.2 * grade
    y = 0.5 * (layout.lungs[0].dome_top + layout.lungs[1].dome_top) - 0.6 * size
    pouch = ellipsoid(grid.x, grid.y, x, y, 1.25 * size, size, 0.9 * size)
    gas = ellipsoid(grid.x, grid.y, x, y, 0.95 * size, 0.75 * size, 0.4 * size)
    return pouch, gas * (grid.y < y + 0.1 * size)


PAINTERS: dict[str, Callable[[Layout, Grid, Array, Array, float], Array]] = {
    "Atelectasis": atelectasis,
    "Consolidation": consolidation,
    "Edema": edema,
    "Effusion": effusion,
    "Fibrosis": fibrosis,
    "Infiltration": infiltration,
    "Mass": mass,
    "Nodule": nodule,
    "Pleural_Thickening": pleural_thickening,
    "Pneumonia": pneumonia,
}
