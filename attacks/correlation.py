"""Raw pixels, without any training: the floor that a trained attack must beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from privbench.base.params import Params
from privbench.plugins.interfaces import LinkageAttack

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from privbench.data.gallery import Gallery, KnownGallery
    from privbench.learning.context import Context
    from privbench.learning.guidance import Guidance

_BATCH = 1024
_HELD = 2**28
"""Pixels of references that are held as points: 1 GiB, or up to twice that where there are levels."""


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

        def points(images: np.ndarray, rows: np.ndarray) -> Tensor:
            own, at = np.unique(rows, return_inverse=True)
            return self._points(images[own], ctx)[torch.from_numpy(at).to(ctx.device)]

        scores = []
        for pairs in torch.arange(len(probes)).split(_BATCH):
            first, second = points(gallery.probes, probes[pairs]), points(gallery.references, references[pairs])
            scores.append((first * second).sum(1).cpu().double().numpy())
        return np.concatenate(scores)

    def similarity_matrix(self, gallery: Gallery, ctx: Context) -> np.ndarray:
        return self.similarity_by_rows(gallery, ctx)(np.arange(len(gallery.probes)))

    def similarity_by_rows(self, gallery: Gallery, ctx: Context) -> Callable[[np.ndarray], np.ndarray]:
        """Few references are held as points; of many, which would take gigabytes, these are made for all rows asked."""
        import torch

        count = len(gallery.references)
        side = gallery.references.shape[-1]
        size = max(_BATCH, _HELD // min(side, self.params.side or side) ** 2)
        parts = [slice(start, start + size) for start in range(0, count, size)]
        held = self._points(gallery.references, ctx) if len(parts) == 1 else None

        def of(rows: np.ndarray) -> np.ndarray:
            probes = [
                self._points(gallery.probes[some], ctx) for some in np.split(rows, range(_BATCH, len(rows), _BATCH))
            ]
            similarity = np.empty((len(rows), count), np.float32)
            for part in parts:
                references = self._points(gallery.references[part], ctx) if held is None else held
                similarity[:, part] = torch.cat([one @ references.T for one in probes]).cpu().numpy()
            return similarity

        return of

    def image_similarity(self, gallery: Gallery, ctx: Context) -> np.ndarray:
        """The same: pixels are all that it looks at."""
        return self.similarity_matrix(gallery, ctx)

    def _points(self, images: np.ndarray, ctx: Context) -> Tensor:
        from privbench.learning.context import Pixels

        from .cross_correlation import points_of

        return points_of(Pixels(images, ctx.device), self.params.levels, self.params.side)
