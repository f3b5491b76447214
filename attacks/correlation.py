"""Raw pixels, without any training: the floor that a trained attack must beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from privbench.base.params import Params
from privbench.plugins.interfaces import LinkageAttack

if TYPE_CHECKING:
    from torch import Tensor

    from privbench.data.gallery import Gallery, KnownGallery
    from privbench.learning.context import Context
    from privbench.learning.guidance import Guidance

_BATCH = 1024


class CorrelationParams(Params):
    side: int | None = Field(
        None,
        ge=16,
        exclude_if=lambda side: side is None,
        description="pixels a side that larger images are averaged to first; none leaves them",
    )
    levels: int = Field(1, ge=1, le=8, description="1: the pixels; more: also at half the size, a quarter, …")


class Correlation(LinkageAttack):
    """The normalized cross-correlation of two images, averaged over the levels of a low-pass pyramid."""

    name = "correlation"
    trained = False
    Params = CorrelationParams

    def fit(self, train: KnownGallery, val: KnownGallery, guidance: Guidance, ctx: Context) -> None:
        """Learns nothing."""

    def similarity(self, gallery: Gallery, probes: np.ndarray, references: np.ndarray, ctx: Context) -> np.ndarray:
        import torch

        scores = []
        for pairs in torch.arange(len(probes)).split(_BATCH):
            first = self._points(gallery.probes[probes[pairs]], ctx)
            second = self._points(gallery.references[references[pairs]], ctx)
            scores.append((first * second).sum(1).double().numpy())
        return np.concatenate(scores)

    def similarity_matrix(self, gallery: Gallery, ctx: Context) -> np.ndarray:
        references = self._points(gallery.references, ctx)
        rows = np.arange(len(gallery.probes))
        parts = [rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH)]
        return np.concatenate([(self._points(gallery.probes[part], ctx) @ references.T).numpy() for part in parts])

    def image_similarity(self, gallery: Gallery, ctx: Context) -> np.ndarray:
        """The same: pixels are all that it looks at."""
        return self.similarity_matrix(gallery, ctx)

    def _points(self, images: np.ndarray, ctx: Context) -> Tensor:
        from privbench.learning.context import Pixels

        from .cross_correlation import points_of

        return points_of(Pixels(images, ctx.device), self.params.levels, self.params.side)
