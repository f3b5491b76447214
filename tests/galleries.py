"""Galleries of patients that are easy to tell apart."""

from __future__ import annotations

import numpy as np
import pandas as pd

from privbench.data.gallery import KnownGallery
from privbench.data.pairs import draw_pairs

PATIENTS, IMAGES = 50, 4


def patient_images(seed: int, noise: float = 8) -> np.ndarray:
    """Four images each of 50 patients: a coarse pattern of their own below noise. Shape: (200, 1, 16, 16), uint8."""
    rng = np.random.default_rng(seed)
    patterns = rng.uniform(40, 215, (PATIENTS, 4, 4)).repeat(4, 1).repeat(4, 2).repeat(IMAGES, 0)
    return (patterns + rng.normal(0, noise, patterns.shape)).clip(0, 255).astype(np.uint8)[:, None]


def known_gallery(seed: int, pairs: int, probes: np.ndarray | None = None, size: int = 16) -> KnownGallery:
    """Those images as references and, unless told others, as probes."""
    references = patient_images(seed)
    references = references.repeat(size // 16, 2).repeat(size // 16, 3)
    patients = np.arange(PATIENTS).repeat(IMAGES)
    drawn = draw_pairs(patients, pairs, 6, np.random.default_rng(seed), "train")
    table = pd.DataFrame({"patient": patients, "age": patients + 20, "sex": np.where(patients % 2, "M", "F")})
    table["view"] = np.where(patients % 3, "PA", "AP")
    table["study"] = ""
    return KnownGallery(references if probes is None else probes, references, pairs=drawn, table=table)
