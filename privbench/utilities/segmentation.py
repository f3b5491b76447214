"""Segmentation of lungs and heart: what Privacy-Net was made for (Kim et al., IEEE TMI 2021)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, field_validator

from ..data.masks import ORGANS
from ..learning.recipes import Backbone, Init, Recipe
from ..learning.weights import weights_source, without_weights
from ..plugins.interfaces import Measure, MeasuringTask, ShownImages

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor

    from ..data.splits import Split
    from ..learning.context import Context
    from ..learning.guidance import Guidance
    from ..learning.transfer import Transfer


class SegmentationParams(Recipe, Backbone):
    width: int = Field(32, ge=1, description="channels of the feature pyramid")

    @field_validator("init")
    @classmethod
    def _trained_anew(cls, init: Init) -> Init:
        if init == "guidance":
            raise ValueError("a segmenter is to be trained anew: use scratch or imagenet")
        return init


class Segmentation(MeasuringTask):
    """A feature pyramid finds lungs and heart; what it finds is compared with the masks of the original images."""

    name = "segmentation"
    needs = ("masks",)
    Params = SegmentationParams
    measures: ClassVar[dict[str, Measure]] = {f"Dice of the {organ}": Measure("", True) for organ in ORGANS}

    def inputs(self) -> dict[str, str]:
        return {"weights": weights_source(self.params)}

    def transfer(self, findings: int) -> Transfer | None:
        from .segmenter import Segmenter

        return Segmenter(self.params, self.params.width).encoder.transfer

    def fit(self, train: Split, val: Split, guidance: Guidance, ctx: Context) -> None:
        from ..learning.generators import global_seed
        from .segmenter import Segmenter, fit_segmenter

        with global_seed(ctx.derive("weights")):
            self._network = Segmenter(self.params, self.params.width)
        fit_segmenter(self._network, train, val, self.params, ctx, self.name)

    def measure(self, test: ShownImages, ctx: Context) -> dict[str, np.ndarray]:
        from .segmenter import overlaps

        return dict(zip(self.measures, overlaps(self._network, test, ctx).T, strict=True))

    def state(self) -> dict[str, Tensor]:
        return self._network.state_dict()

    def load_state(self, state: dict[str, Tensor], guidance: Guidance, device: torch.device) -> None:
        from .segmenter import Segmenter

        self._network = Segmenter(without_weights(self.params), self.params.width)
        self._network.load_state_dict(state)
        self._network.to(device).eval()
