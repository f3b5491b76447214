"""The robust recipe of a classifier, after Gündel et al., "Robust classification from noisy labels" (MedIA 2021)."""

from typing import Literal

Part = Literal["label-noise", "comorbidity", "anatomy", "normalization"]
PARTS: tuple[Part, ...] = ("label-noise", "comorbidity", "anatomy", "normalization")
"""What the recipe is made of; each part can be left out."""
