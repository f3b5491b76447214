"""Did the anonymizer learn from a patient? It may reproduce whom it has seen better than others (Yeom et al. 2018)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privbench.plugins.interfaces import MEMBERSHIP, InferenceAttack

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor

    from privbench.data.gallery import Gallery, KnownGallery
    from privbench.learning.context import Context
    from privbench.learning.guidance import Guidance


class Membership(InferenceAttack):
    """Logistic regression on how well releases reproduce their originals, and on what the originals are like.

    The attacker holds a candidate's originals and has the releases, and knows of others whether the anonymizer learnt
    from them (Shokri et al. 2017, who make such patients with models of their own). Those from whom it did not are
    validation patients. The built-in methods take no gradient of them, and choose by their mean loss which epoch to
    keep: one choice among some hundred, from all of them together. Where a method learns more from them, they are half
    members, and the attack tells less than there is to tell.

    On originals alone every image reproduces itself, and only what they are like is left to tell splits apart.
    """

    name = "membership"
    scenarios = ("informed",)
    attributes = (MEMBERSHIP,)

    def fit(self, train: KnownGallery, val: KnownGallery, guidance: Guidance, ctx: Context) -> None:
        from .reproduction import of_patients, separate, traits

        members, others = (of_patients(traits(one, ctx), one.patients) for one in (train, val))
        self._weights = separate(members, others)

    def infer(self, gallery: Gallery, ctx: Context) -> dict[str, np.ndarray]:
        from .reproduction import traits

        return {MEMBERSHIP: traits(gallery, ctx) @ self._weights.numpy()}

    def state(self) -> dict[str, Tensor]:
        return {"weights": self._weights}

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        self._weights = state["weights"].cpu()
