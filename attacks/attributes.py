"""Sex, age and view, read off a single anonymized image: what a release gives away without naming anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from privbench.learning.recipes import ClassifierRecipe
from privbench.learning.weights import weights_source
from privbench.plugins.interfaces import InferenceAttack

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor

    from privbench.data.gallery import Gallery, KnownGallery
    from privbench.learning.context import Context
    from privbench.learning.guidance import Guidance
    from privbench.learning.transfer import Transfer

    from .attribute_reader import AttributeReader


class Attributes(InferenceAttack):
    """One network with three outputs, trained on images whose patients the attacker knows."""

    name = "attributes"
    attributes = ("sex", "age", "view")
    Params = ClassifierRecipe

    def inputs(self) -> dict[str, str]:
        return {"weights": weights_source(self.params)}

    def transfer(self, findings: int) -> Transfer | None:
        from privbench.learning.networks import Classifier

        return Classifier(self.params, len(self.attributes)).transfer

    def fit(self, train: KnownGallery, val: KnownGallery, guidance: Guidance, ctx: Context) -> None:
        self._reader = self._unfitted()
        self._reader.fit(train, val, guidance, ctx)

    def state(self) -> dict[str, Tensor]:
        return self._reader.state()

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        self._reader = self._unfitted()
        self._reader.load_state(state, device)

    def infer(self, gallery: Gallery, ctx: Context) -> dict[str, np.ndarray]:
        return self._reader.read(gallery.probes, ctx)

    def _unfitted(self) -> AttributeReader:
        from .attribute_reader import AttributeReader

        return AttributeReader(self.params, self.attributes, self.name)
