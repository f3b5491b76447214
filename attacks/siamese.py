"""The paper's attack: a fresh siamese network, re-trained on anonymized images (section 3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from privbench.learning.recipes import VerifierRecipe
from privbench.learning.weights import weights_source, without_weights
from privbench.plugins.interfaces import LinkageAttack

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from torch import Tensor

    from privbench.data.gallery import Gallery, KnownGallery
    from privbench.learning.context import Context
    from privbench.learning.guidance import Guidance
    from privbench.learning.transfer import Transfer


class Siamese(LinkageAttack):
    """Learns from pairs, with binary cross entropy, whether two images show the same patient."""

    name = "siamese"
    Params = VerifierRecipe

    def inputs(self) -> dict[str, str]:
        return {"weights": weights_source(self.params)}

    def transfer(self, findings: int) -> Transfer | None:
        from privbench.learning.networks import Verifier

        return Verifier(self.params, self.params.features).transfer

    def fit(self, train: KnownGallery, val: KnownGallery, guidance: Guidance, ctx: Context) -> None:
        from privbench.learning.verifier import fit_verifier

        self._verifier = fit_verifier(train, val, self.params, ctx, title="siamese", guidance=guidance.verifier)

    def state(self) -> dict[str, Tensor]:
        return self._verifier.state_dict()

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        from privbench.learning.networks import Verifier

        self._verifier = Verifier(without_weights(self.params), self.params.features)
        self._verifier.load_state_dict(state)
        self._verifier.to(device).eval()

    def similarity(self, gallery: Gallery, probes: np.ndarray, references: np.ndarray, ctx: Context) -> np.ndarray:
        from privbench.learning.verifier import score_pairs

        return score_pairs(self._verifier, gallery, probes, references, ctx)

    def similarity_matrix(self, gallery: Gallery, ctx: Context) -> np.ndarray:
        return self.similarity_by_rows(gallery, ctx)(np.arange(len(gallery.probes)))

    def similarity_by_rows(self, gallery: Gallery, ctx: Context) -> Callable[[np.ndarray], np.ndarray]:
        from privbench.learning.verifier import scores_by_rows

        return scores_by_rows(self._verifier, gallery, ctx)
