"""Abnormality classification: by the guidance's recipe (CheXNet's form), or by one that is robust to bad labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from ..base.files import text_digest
from ..base.params import Params
from ..base.progress import log
from ..learning.recipes import ClassifierRecipe
from ..learning.weights import weights_source, without_weights
from ..plugins.interfaces import ReadingTask
from .robust import PARTS, Part

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor

    from ..data.splits import Split
    from ..learning.context import Context
    from ..learning.guidance import Guidance
    from ..learning.transfer import Transfer


class ClassificationParams(Params):
    recipe: Literal["chexnet", "robust"] = Field("chexnet", description="plain cross entropy, or what bad labels need")
    parts: tuple[Part, ...] = Field(PARTS, description="of the robust recipe")
    reread_file: Path | None = Field(
        None, exclude=True, description="a CSV of images read again, which tells how good labels are; none: learnt"
    )
    network: ClassifierRecipe | None = Field(None, description="network and training; none: the guidance's")

    @model_validator(mode="after")
    def _parts_of_robust(self) -> ClassificationParams:
        if self.recipe == "chexnet" and self.parts != PARTS:
            raise ValueError("parts are those of the robust recipe: set recipe = robust")
        if self.reread_file is not None and (self.recipe == "chexnet" or "label-noise" not in self.parts):
            raise ValueError("a re-read table is of use to the robust recipe's label-noise part alone: leave it out")
        if self.network is not None and self.network.init == "guidance":
            raise ValueError("a classifier is to be trained anew: use scratch or imagenet")
        return self


class Classification(ReadingTask):
    """Reads findings. Frozen, by the plain recipe and the guidance's network, it is the guidance classifier itself."""

    name = "classification"
    version = "2"
    Params = ClassificationParams

    def inputs(self) -> dict[str, str]:
        network, file = self.params.network, self.params.reread_file
        weights = {} if network is None else {"weights": weights_source(network)}
        return weights | ({} if file is None else {"reread": text_digest(file, "check the path of the re-read table")})

    def transfer(self, findings: int) -> Transfer | None:
        from ..learning.networks import Classifier

        return None if self.params.network is None else Classifier(self.params.network, findings).transfer

    def adopt(self, guidance: Guidance) -> bool:
        if self.params.recipe == "robust" or self.params.network is not None:
            return False
        self._classifier = guidance.classifier
        return True

    def fit(self, train: Split, val: Split, guidance: Guidance, ctx: Context) -> None:
        from ..learning.classifier import fit_classifier
        from .robust.anatomy import known_places
        from .robust.label_noise import reread_rates
        from .robust.objective import RobustObjective

        recipe, title = self._recipe(guidance), f"{self.params.recipe} classifier"
        if self.params.recipe == "chexnet":
            self._classifier = fit_classifier(train, val, recipe, ctx, title)
            return
        parts, file = set(self.params.parts), self.params.reread_file
        if "anatomy" in parts and train.masks is None and known_places(train) is None:
            log.warning("the robust recipe goes without anatomy: training images have neither masks nor locations")
            parts.remove("anatomy")
        rates = None if file is None else reread_rates(file, train)
        self._classifier = fit_classifier(
            train, val, recipe, ctx, title, lambda network: RobustObjective(network, train, parts, rates, ctx.device)
        )

    def predict(self, images: np.ndarray, ctx: Context) -> np.ndarray:
        from ..learning.classifier import classify

        return classify(self._classifier, images, ctx)

    def state(self) -> dict[str, Tensor]:
        return self._classifier.state_dict()

    def load_state(self, state: dict[str, Tensor], guidance: Guidance, device: torch.device) -> None:
        from ..learning.networks import Classifier

        self._classifier = Classifier(without_weights(self._recipe(guidance)), guidance.classifier.findings)
        self._classifier.load_state_dict(state)
        self._classifier.to(device).eval()

    def _recipe(self, guidance: Guidance) -> ClassifierRecipe:
        recipe = self.params.network or guidance.recipe.classifier
        same_scanner = self.params.recipe == "robust" and "normalization" in self.params.parts
        return recipe.model_copy(update={"normalize": True}) if same_scanner else recipe
