"""The parts of the robust recipe, put together."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import torch
from torch import Tensor

from ...data.splits import Split
from ...learning.classifier import Objective
from ...learning.networks import Classifier
from ...learning.training import Losses
from . import Part
from .anatomy import AnatomyLoss
from .comorbidity import Comorbidity
from .label_noise import Channel, Rates

_COMORBIDITY = 0.1
_ANATOMY = 1.0
"""Weights of the terms, beside 1 of the labels; chosen on validation images of the phantom."""


class RobustObjective(Objective):
    """Labels that may be wrong, findings that come together, and where everything is."""

    def __init__(
        self,
        classifier: Classifier,
        train: Split,
        parts: Collection[Part],
        rates: Rates | None,
        device: torch.device,
    ) -> None:
        """Rates that are None are learnt. Normalization is not the objective's affair, but the network's."""
        super().__init__()
        reported = torch.from_numpy(np.nanmean(train.labels, axis=0)).float()
        self._channel = Channel(reported, rates) if "label-noise" in parts else None
        self._comorbidity = Comorbidity(train.labels) if "comorbidity" in parts else None
        self.reads_stages = "anatomy" in parts
        self._anatomy = AnatomyLoss(classifier.model, train, device) if "anatomy" in parts else None

    def label_logits(self, logits: Tensor) -> Tensor:
        return logits if self._channel is None else self._channel(logits)

    def further(self, logits: Tensor, stages: Sequence[Tensor], rows: Tensor, moves: Tensor | None) -> Losses:
        losses: dict[str, Tensor] = {}
        if self._comorbidity is not None:
            losses["comorbidity"] = _COMORBIDITY * self._comorbidity(logits)
        if self._anatomy is not None:
            losses["anatomy"] = _ANATOMY * self._anatomy(stages, rows, moves)
        return losses
