"""Post-processing of different vendors: tone curve, edge enhancement, collimation. What was exposed stays the same."""

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from .shapes import Array
from .spreads import FIELD_CM


class Scanner(NamedTuple):
    """What one vendor does to the displayed image, grey values in [0, 1]."""

    gamma: float  # of the tone curve; above 1 darkens the lungs
    contrast: float  # steepness of its S shape about the middle, 0 leaves it straight
    edges: float  # how much of the detail is added once more
    detail_cm: float  # what counts as detail: below this, in the patient
    border: float  # width of the black frame, of the image's side


SCANNERS = (
    Scanner(gamma=1.0, contrast=0.0, edges=0.0, detail_cm=1.0, border=0.0),
    Scanner(gamma=1.7, contrast=2.5, edges=1.4, detail_cm=0.9, border=0.03),
    Scanner(gamma=0.6, contrast=1.2, edges=0.5, detail_cm=2.2, border=0.06),
    Scanner(gamma=1.2, contrast=4.0, edges=2.2, detail_cm=0.5, border=0.0),
)


def raised(value: Array, exponent: float) -> Array:
    """Values to a power, the same on every processor: of 32 bits numpy rounds otherwise where there is AVX-512.

    Shape: any, float32, at least 0.
    """
    powers: Array = (value.astype(np.float64) ** float(np.float32(exponent))).astype(np.float32)
    return powers


def process(value: Array, scanner: Scanner) -> Array:
    """The image as the vendor shows it: unsharp masking, then the tone curve. Shape: (H, W), in [0, 1]."""
    size = len(value)
    if scanner.edges:
        blurred = ndimage.gaussian_filter(value, scanner.detail_cm * size / FIELD_CM, mode="nearest", truncate=3.0)
        value = np.clip(value + scanner.edges * (value - blurred), 0.0, 1.0)
    value = raised(value, scanner.gamma)
    if scanner.contrast:
        ends = np.tanh(0.5 * scanner.contrast)
        value = 0.5 + 0.5 * np.tanh(scanner.contrast * (value - 0.5)) / ends
    return np.clip(value, 0.0, 1.0).astype(np.float32)


def frame(scanner: Scanner, size: int) -> int:
    """The width of the vendor's black frame in pixels."""
    return round(scanner.border * size)
