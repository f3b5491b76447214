"""Pictures of what an anonymizer does: the release, its difference from the original, and the deformation."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib
import numpy as np
from PIL import Image, ImageDraw

from ...metrics import triangles

FOLDED = (0, 0, 0)
"""The colour of pixels that a deformation turns inside out."""
_ARROWS = 9  # along the shorter side
_SIDE = 256  # pixels that a picture with arrows has at least
_SMALLEST_LIMIT = 0.01  # of a determinant's scale: less is the noise of float32


@dataclass(frozen=True)
class Deformation:
    """The deformations of a run in figures, over all pixels of its examples; lengths in pixels."""

    folded: float
    median: float
    high: float


def determinants(displacement: np.ndarray) -> np.ndarray:
    """The Jacobian determinant of x -> x + displacement: the area that each pixel is taken from, 1 where none changes.

    Shape: displacement (n, 2, H, W), along x and along y, in pixels; H and W at least 2. Returns (n, H, W).
    """
    (x_down, x_right), (y_down, y_right) = (np.gradient(displacement[:, axis], axis=(1, 2)) for axis in (0, 1))
    return np.asarray((1 + x_right) * (1 + y_down) - x_down * y_right)


def measure(displacement: np.ndarray) -> Deformation:
    """The share of folded pixels, median and 99th percentile of the lengths.

    A pixel is folded where any triangle between it and its next neighbours turns over. The determinant of central
    differences, which is what is drawn, looks over a neighbour and would miss the smallest folds.

    Shape: displacement (n, 2, H, W), in pixels.
    """
    lengths = np.hypot(displacement[:, 0], displacement[:, 1])
    folded = np.any([areas <= 0 for areas in triangles.determinants(displacement)], axis=0)
    return Deformation(float(folded.mean()), float(np.median(lengths)), float(np.percentile(lengths, 99)))


def difference_limit(originals: np.ndarray, released: np.ndarray) -> int:
    """Where the scale of the differences ends, in grey values: slight ones would not be seen on the whole scale."""
    return max(1, int(np.percentile(np.abs(released.astype(np.int16) - originals), 99.5)))


def determinant_limit(values: np.ndarray) -> float:
    """Where the scale of the determinants ends, above and below 1; never beyond 0 and 2."""
    return float(np.clip(np.percentile(np.abs(values - 1), 99.5), _SMALLEST_LIMIT, 1))


def grey(image: np.ndarray) -> Image.Image:
    """Shape: (H, W), uint8."""
    return Image.fromarray(np.ascontiguousarray(image))


def difference(original: np.ndarray, released: np.ndarray, limit: float) -> Image.Image:
    """Released minus original: red where it became brighter, blue where darker. Shape: (H, W), uint8."""
    return _palette((released.astype(np.int16) - original) / (2 * limit) + 0.5, "RdBu_r")


def determinant(values: np.ndarray, limit: float) -> Image.Image:
    """Purple where content is stretched, green where it is squeezed, black where it folds. Shape: (H, W)."""
    return _palette((values - 1) / (2 * limit) + 0.5, "PRGn", values <= 0)


def displacement_field(field: np.ndarray, limit: float) -> Image.Image:
    """The lengths as colours up to the limit, in pixels, and arrows of the directions, the longest a step apart.

    An arrow points from a pixel of the release to where its content was taken from. Shape: field (2, H, W), in pixels.
    """
    height, width = field.shape[1:]
    zoom = max(1, -(-_SIDE // min(height, width)))
    picture = _palette(np.hypot(*field) / limit, "cividis").convert("RGB")
    picture = picture.resize((zoom * width, zoom * height), Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(picture)
    step = max(1, min(height, width) // _ARROWS)
    longest = float(np.hypot(*field).max())
    for row in range(step // 2, height, step):
        for column in range(step // 2, width, step):
            arrow = field[:, row, column] / longest * step if longest > 0 else np.zeros(2)
            _draw_arrow(draw, zoom * np.array([column + 0.5, row + 0.5]), zoom * arrow)
    return picture.quantize(64, dither=Image.Dither.NONE)


def scale(name: str, colors: int = 128) -> Image.Image:
    """A colour bar of the pictures of that name, from its lowest value to its highest."""
    maps = {"difference": "RdBu_r", "determinant": "PRGn", "displacement": "cividis"}
    return _palette(np.linspace(0, 1, colors)[None].repeat(8, axis=0), maps[name])


def _draw_arrow(draw: ImageDraw.ImageDraw, start: np.ndarray, along: np.ndarray) -> None:
    length = float(np.hypot(*along))
    if length < 2.5:  # a dot: too short for a direction that could be seen
        draw.circle(tuple(start), 1, fill=(255, 255, 255))
        return
    end, ahead = start + along, along / length
    aside = np.array([-ahead[1], ahead[0]])
    head = min(7.0, 0.4 * length)
    sides = [tuple(end - head * ahead + turn * 0.6 * head * aside) for turn in (1, -1)]
    draw.line([tuple(start), tuple(end)], fill=(255, 255, 255), width=2)
    draw.line([sides[0], tuple(end), sides[1]], fill=(255, 255, 255), width=2)


def _palette(values: np.ndarray, name: str, black: np.ndarray | None = None) -> Image.Image:
    """Values from 0 to 1 in 255 colours of a matplotlib map; black, where told so, is a colour of its own."""
    colors = matplotlib.colormaps[name](np.linspace(0, 1, 255))[:, :3]
    places = (np.clip(np.nan_to_num(values, nan=0.5), 0, 1) * 254).round().astype(np.uint8)
    if black is not None:
        places = np.where(black, 255, places).astype(np.uint8)
    picture = Image.fromarray(np.ascontiguousarray(places))
    picture.putpalette([*(255 * colors).round().astype(np.uint8).ravel().tolist(), *FOLDED])
    return picture
