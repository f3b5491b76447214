"""Segmentation of lungs and heart: what Privacy-Net was made for (Kim et al., IEEE TMI 2021)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from pydantic import Field, field_validator
from torch import Tensor, nn
from torch.nn import functional

from ..data.masks import ORGANS, organs_of
from ..data.splits import Split
from ..learning.context import Context, Pixels
from ..learning.features import collected_outputs
from ..learning.generators import global_seed
from ..learning.guidance import Guidance
from ..learning.networks import Classifier, outputs_of
from ..learning.pyramid import Pyramid
from ..learning.recipes import Backbone, Init, Recipe
from ..learning.training import Losses, adam, prepare
from ..learning.training import train as train_network
from ..learning.weights import weights_source, without_weights
from ..plugins.interfaces import Measure, MeasuringTask, ShownImages


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

    def fit(self, train: Split, val: Split, guidance: Guidance, ctx: Context) -> None:
        with global_seed(ctx.derive("weights")):
            self._network = Segmenter(self.params, self.params.width)
        network, update = prepare(self._network, ctx, *adam(self._network, self.params, len(train.images)))
        pixels, val_pixels = Pixels(train.images, ctx.device), Pixels(val.images, ctx.device)

        def step(rows: Tensor) -> Losses:
            loss = _loss(network(pixels[rows]).float(), organs_of(_masks(train), rows))
            update(loss)
            return {"loss": loss}

        def validate() -> Losses:
            logits = outputs_of(self._network, len(val_pixels), lambda rows: self._network(val_pixels[rows]), ctx)
            return {"loss": _loss(logits, organs_of(_masks(val), torch.arange(len(val_pixels))))}

        train_network(
            self._network,
            count=len(pixels),
            recipe=self.params,
            step=step,
            validate=validate,
            ctx=ctx,
            title=self.name,
        )

    def measure(self, test: ShownImages, ctx: Context) -> dict[str, np.ndarray]:
        pixels = Pixels(test.images, ctx.device)

        def overlap(rows: Tensor) -> Tensor:
            truth = organs_of(_masks(test.originals), rows).to(ctx.device)
            return dice(self._network(pixels[rows]) > 0, truth > 0)

        values = outputs_of(self._network, len(pixels), overlap, ctx).cpu().double().numpy()
        return dict(zip(self.measures, values.T, strict=True))

    def state(self) -> dict[str, Tensor]:
        return self._network.state_dict()

    def load_state(self, state: dict[str, Tensor], guidance: Guidance, device: torch.device) -> None:
        self._network = Segmenter(without_weights(self.params), self.params.width)
        self._network.load_state_dict(state)
        self._network.to(device).eval()


class Segmenter(nn.Module):
    """A timm backbone, a pyramid over its stages, and a logit for every organ and pixel.

    Shape: (N, 1, H, W), float in [0, 1], to (N, organs, H, W).
    """

    def __init__(self, backbone: Backbone, width: int) -> None:
        super().__init__()
        self.encoder = Classifier(backbone, 0)
        self.pyramid = Pyramid(self.encoder.model, width)
        self.head = nn.Conv2d(width, len(ORGANS), 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        with collected_outputs(self.encoder.model) as stages:
            self.encoder(images)
        organs = self.head(self.pyramid(stages))
        return functional.interpolate(organs, images.shape[-2:], mode="bilinear", align_corners=False)


def dice(found: Tensor, truth: Tensor) -> Tensor:
    """2 |A and B| / (|A| + |B|), NaN where the truth is empty, whatever was found.

    Shape: (N, organs, H, W), bool, to (N, organs), 0 to 1.
    """
    both, there = (found & truth).sum((-2, -1)), truth.sum((-2, -1))
    return torch.where(there > 0, 2 * both / (found.sum((-2, -1)) + there), torch.nan)


def _masks(split: Split) -> np.ndarray:
    assert split.masks is not None, "the harness leaves the task out where there are none"
    return split.masks


def _loss(logits: Tensor, truth: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(logits, truth.to(logits.device))
