"""Metric learning: one embedding an image, pulled together for a patient and pushed apart for strangers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from privbench.base.params import Params
from privbench.learning.recipes import EmbedderRecipe
from privbench.learning.weights import weights_source
from privbench.plugins.interfaces import LinkageAttack

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import torch
    from torch import Tensor

    from privbench.data.gallery import Gallery, KnownGallery
    from privbench.learning.context import Context
    from privbench.learning.guidance import Guidance
    from privbench.learning.transfer import Transfer

    from .embedding import Embedding


class Contrastive(LinkageAttack):
    """Learns an embedding in which two images are the nearer the more likely they show the same patient.

    Every batch holds two images each of as many patients, and all of its pairs count (supervised contrastive loss,
    Khosla et al. 2020). Where it compares anonymized with original images it first undoes what the anonymizer does
    to every image alike (`privbench.attacks.registration`), and its positives are a release and an original of another
    visit, or of the same one where a patient has no other.
    """

    name = "contrastive"
    Params: ClassVar[type[Params]] = EmbedderRecipe

    _embedding: Embedding

    def inputs(self) -> dict[str, str]:
        return {"weights": weights_source(self.params)}

    def transfer(self, findings: int) -> Transfer | None:
        from privbench.learning.networks import Embedder

        return Embedder(self.params, self.params.features).transfer

    def fit(self, train: KnownGallery, val: KnownGallery, guidance: Guidance, ctx: Context) -> None:
        self._embedding = self._unfitted()
        self._embedding.fit(train, val, guidance, ctx)

    def state(self) -> dict[str, Tensor]:
        return self._embedding.state()

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        self._embedding = self._unfitted()
        self._embedding.load_state(state, device)

    def similarity(self, gallery: Gallery, probes: np.ndarray, references: np.ndarray, ctx: Context) -> np.ndarray:
        return self._embedding.similarity(gallery, probes, references, ctx)

    def similarity_matrix(self, gallery: Gallery, ctx: Context) -> np.ndarray:
        return self._embedding.similarity_matrix(gallery, ctx)

    def similarity_by_rows(self, gallery: Gallery, ctx: Context) -> Callable[[np.ndarray], np.ndarray]:
        return self._embedding.similarity_by_rows(gallery, ctx)

    def image_similarity(self, gallery: Gallery, ctx: Context) -> np.ndarray:
        """The correlation of what it takes for the originals with the originals, -1 to 1."""
        return self._embedding.image_similarity(gallery, ctx)

    def _unfitted(self) -> Embedding:
        from .embedding import Embedding

        return Embedding(self.params, self._released, self.name)

    @staticmethod
    def _released(gallery: Gallery) -> np.ndarray:
        """What the attacker takes for the released images. Shape: (N, 1, H, W), uint8."""
        return gallery.probes
