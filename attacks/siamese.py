"""The paper's attack: a fresh siamese network, re-trained on anonymized images (section 3.1)."""

from __future__ import annotations

import numpy as np

from privbench.context import Context
from privbench.interfaces import Attack, Gallery
from privbench.networks import weights_source
from privbench.verification import VerifierRecipe, fit_verifier, score_matrix, score_pairs


class Siamese(Attack):
    """Learns from pairs, with binary cross entropy, whether two images show the same patient."""

    name = "siamese"
    Params = VerifierRecipe

    def inputs(self) -> dict[str, str]:
        return {"weights": weights_source(self.params)}

    def fit(self, train: Gallery, val: Gallery, ctx: Context) -> None:
        self._verifier = fit_verifier(train, val, self.params, ctx, title="siamese")

    def similarity(self, gallery: Gallery, ctx: Context) -> np.ndarray:
        return score_pairs(self._verifier, gallery, ctx)

    def similarity_matrix(self, probes: np.ndarray, references: np.ndarray, ctx: Context) -> np.ndarray:
        return score_matrix(self._verifier, probes, references, ctx)
