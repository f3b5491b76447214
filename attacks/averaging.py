"""Several releases of one image, averaged: what noise that is drawn anew each time is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .contrastive import Contrastive
from .recipes import AveragingParams

if TYPE_CHECKING:
    from privbench.data.gallery import Gallery


class Averaging(Contrastive):
    """The contrastive attack on the mean of several independent releases of every probe."""

    name = "averaging"
    scenarios = ("informed",)
    Params = AveragingParams

    @property
    def releases(self) -> int:
        releases: int = self.params.releases
        return releases

    @staticmethod
    def _released(gallery: Gallery) -> np.ndarray:
        """The mean of a gallery's probes and of their further releases. Shape: (N, 1, H, W), uint8."""
        total = gallery.probes.astype(np.uint32)
        for release in gallery.releases:
            total += release
        count = 1 + len(gallery.releases)
        return ((total + count // 2) // count).astype(np.uint8)
