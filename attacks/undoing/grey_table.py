"""Undoes a table of grey values: each becomes what stood for it, on average, in originals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .portraits import sample_by_size
from .undo import OwnPairs, Undo

_SAMPLES = 1024  # images of 64 x 64 pixels, or as many pixels of larger ones


@dataclass(frozen=True)
class GreyTable(Undo):
    """What each grey value of a release was before. Shape: (256,), uint8."""

    greys: Tensor

    def __call__(self, images: Tensor) -> Tensor:
        return self.greys[images.long()]


def fit_grey_table(examples: OwnPairs, rng: np.random.Generator) -> GreyTable:
    """The mean of the originals' pixels under each grey value; grey values that no release has are left alone."""
    rows = sample_by_size(examples.released, _SAMPLES, rng)
    after, before = (images[rows].ravel() for images in (examples.released, examples.originals))
    seen = np.bincount(after, minlength=256)
    mean = np.bincount(after, weights=before, minlength=256) / np.maximum(seen, 1)
    return GreyTable(torch.from_numpy(np.where(seen > 0, mean.round(), np.arange(256)).astype(np.uint8)))
