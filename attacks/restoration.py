"""Undo the anonymizer, then compare: whoever has the anonymizer can make pairs to learn that from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .contrastive import Contrastive
from .recipes import RestorationParams

if TYPE_CHECKING:
    import numpy as np

    from privbench.data.gallery import Gallery
    from privbench.learning.context import Context

    from .restorer import RestoredEmbedding


class Restoration(Contrastive):
    """A U-Net learns to turn releases back into originals; the contrastive attack compares what it restored.

    It starts from the registered release (`privbench.attacks.registration`) and adds what is still missing, by mean
    squared error over the attacker's own images.
    """

    name = "restoration"
    scenarios = ("informed",)
    Params = RestorationParams

    _embedding: RestoredEmbedding

    def _unfitted(self) -> RestoredEmbedding:
        from .restorer import RestoredEmbedding

        return RestoredEmbedding(self.params, self._released, self.name)

    def measures(self, gallery: Gallery, originals: np.ndarray, ctx: Context) -> dict[str, float]:
        """PSNR (dB) and SSIM (-1 to 1) to the original, of the release and of what was restored from it."""
        return self._embedding.measures(gallery, originals, ctx)
