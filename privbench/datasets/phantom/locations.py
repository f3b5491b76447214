"""Where each finding lies, on a coarse grid."""

import numpy as np
from numpy.typing import NDArray

from ...data.splits import CELLS
from ..findings import FINDINGS
from .illness import Disease
from .lesions import Lesions
from .shapes import Array

_PART_OF_DARKEST = 0.15  # of a finding's deepest shadow: less of it is its hem


def locate(
    disease: Disease, found: Lesions, lung_field: NDArray[np.bool_], heart_field: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """The share of each cell that a finding covers, 255 the whole. Shape: (findings, CELLS, CELLS), uint8.

    A large heart is located where the heart is, emphysema where the lungs are; all others where their shadow is.
    """
    places = np.zeros((len(FINDINGS), CELLS, CELLS), np.uint8)
    for row, finding in enumerate(FINDINGS):
        if not disease.has(finding):
            continue
        if finding == "Cardiomegaly":
            covered = heart_field
        elif finding == "Emphysema":
            covered = lung_field
        else:
            shadow: Array = found.shadows[finding]
            covered = shadow > _PART_OF_DARKEST * shadow.max()
        places[row] = _shares(covered)
    return places


def _shares(covered: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The share of each cell's pixels, rounded. Shape: (H, W), bool, to (CELLS, CELLS), uint8."""
    cell = np.arange(len(covered)) * CELLS // len(covered)
    number = (cell[:, None] * CELLS + cell).ravel()
    counts = np.bincount(number, minlength=CELLS**2)
    shares = np.bincount(number, covered.ravel(), CELLS**2) / counts
    return (255 * shares + 0.5).astype(np.uint8).reshape(CELLS, CELLS)
