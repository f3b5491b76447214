"""The paper's utility: the classifier of original images, frozen, reads the anonymized ones (section 3.1)."""

from __future__ import annotations

import numpy as np

from ..classification import classify
from ..context import Context
from ..data.splits import Split
from ..guidance import Guidance
from ..interfaces import UtilityTask


class Classification(UtilityTask):
    """Abnormality classification by the guidance classifier, which never saw an anonymized image."""

    name = "classification"

    def fit(self, train: Split, val: Split, guidance: Guidance, ctx: Context) -> None:
        self._classifier = guidance.classifier

    def predict(self, images: np.ndarray, ctx: Context) -> np.ndarray:
        return classify(self._classifier, images, ctx)
