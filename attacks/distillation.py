"""A second tower that learns from a frozen teacher: cheap enough to try more where the first try does not do."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from privbench.base.params import Params
from privbench.plugins.interfaces import LinkageAttack

from .recipes import DistillationParams

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import torch
    from torch import Tensor

    from privbench.data.gallery import Gallery, KnownGallery
    from privbench.learning.context import Context
    from privbench.learning.guidance import Guidance

    from .distilled import Distilled


class Distillation(LinkageAttack):
    """Teaches a tower, from releases, where the guidance's embedder puts the same patient's originals.

    The embedder, which was trained on originals, stays as it is. First the release is undone as far as it can be
    without a network (`privbench.attacks.undoing`); then the tower, from the embedder's weights, learns of each release
    the embedding of an original of the same patient, of another visit where there is one (InfoNCE, van den Oord et al.
    2018). Where it does not fit its own training pairs, it goes on, for as many rounds as its budget has. What whitened
    pixels tell is added to what it tells.
    """

    name = "distillation"
    version = "4"
    scenarios = ("ignorant", "informed")
    has_teacher = True
    Params: ClassVar[type[Params]] = DistillationParams

    _distilled: Distilled

    def fit(self, train: KnownGallery, val: KnownGallery, guidance: Guidance, ctx: Context) -> None:
        from .distilled import fit_distilled

        self._distilled = fit_distilled(self.params, train, val, guidance, ctx)

    def state(self) -> dict[str, Tensor]:
        return self._distilled.state()

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        from .distilled import Distilled

        self._distilled = Distilled.of_state(self.params, state, device)

    def similarity(self, gallery: Gallery, probes: np.ndarray, references: np.ndarray, ctx: Context) -> np.ndarray:
        return self._distilled.similarity(gallery, probes, references, ctx)

    def similarity_matrix(self, gallery: Gallery, ctx: Context) -> np.ndarray:
        return self._distilled.similarity_matrix(gallery, ctx)

    def similarity_by_rows(self, gallery: Gallery, ctx: Context) -> Callable[[np.ndarray], np.ndarray]:
        return self._distilled.similarity_by_rows(gallery, ctx)

    def image_similarity(self, gallery: Gallery, ctx: Context) -> np.ndarray:
        return self._distilled.image_similarity(gallery)

    def measures(self, gallery: Gallery, originals: np.ndarray, ctx: Context) -> dict[str, float]:
        """What each part tells alone of validation images, which undos were tried, and how many rounds were needed."""
        return dict(self._distilled.measures)
