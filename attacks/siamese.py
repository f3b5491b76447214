"""The paper's attack: a fresh siamese network, re-trained on anonymized images (section 3.1)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from privbench.context import Context
from privbench.guidance import Guidance
from privbench.interfaces import Gallery, KnownGallery, LinkageAttack
from privbench.networks import Verifier, weights_source, without_weights
from privbench.verification import VerifierRecipe, fit_verifier, score_matrix, score_pairs


class Siamese(LinkageAttack):
    """Learns from pairs, with binary cross entropy, whether two images show the same patient."""

    name = "siamese"
    Params = VerifierRecipe

    def inputs(self) -> dict[str, str]:
        return {"weights": weights_source(self.params)}

    def fit(self, train: KnownGallery, val: KnownGallery, guidance: Guidance, ctx: Context) -> None:
        self._verifier = fit_verifier(train, val, self.params, ctx, title="siamese", guidance=guidance.verifier)

    def state(self) -> dict[str, Tensor]:
        return self._verifier.state_dict()

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        self._verifier = Verifier(without_weights(self.params), self.params.features)
        self._verifier.load_state_dict(state)
        self._verifier.to(device).eval()

    def similarity(self, gallery: Gallery, probes: np.ndarray, references: np.ndarray, ctx: Context) -> np.ndarray:
        return score_pairs(self._verifier, gallery, probes, references, ctx)

    def similarity_matrix(self, gallery: Gallery, ctx: Context) -> np.ndarray:
        return score_matrix(self._verifier, gallery, ctx)
