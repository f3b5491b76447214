"""The network that segments lungs and heart: its training, and how well it overlaps with the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..data.masks import ORGANS, organs_of
from ..data.splits import Split
from ..learning.ahead import Loaded
from ..learning.context import Context, Held, Pixels
from ..learning.features import collected_outputs
from ..learning.networks import Classifier, outputs_of
from ..learning.pyramid import Pyramid
from ..learning.recipes import Backbone, Recipe
from ..learning.training import Losses, adam
from ..learning.training import train as train_network
from ..learning.updating import Update

if TYPE_CHECKING:
    from ..plugins.interfaces import ShownImages


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


def fit_segmenter(segmenter: Segmenter, train: Split, val: Split, recipe: Recipe, ctx: Context, title: str) -> None:
    """Trains it on the masks of `train`, selected on the cross entropy of its pixels on `val`."""
    update = Update(segmenter, ctx, *adam(segmenter, recipe, len(train.images)), title=title)
    pixels, val_pixels = Pixels(train.images, ctx.device), Pixels(val.images, ctx.device)
    masks, val_masks = (Held(_masks(split), ctx.device) for split in (train, val))
    entropy = functional.binary_cross_entropy_with_logits

    def load(rows: Tensor) -> Loaded:
        return pixels[rows], organs_of(masks[rows])

    def step(images: Tensor, truth: Tensor) -> Losses:
        return {"loss": update((images,), lambda logits: entropy(logits.float(), truth))}

    def validate() -> Losses:
        logits = outputs_of(segmenter, len(val_pixels), lambda rows: (val_pixels[rows],), segmenter, ctx)
        return {"loss": entropy(logits, organs_of(val_masks[torch.arange(len(val_masks))]))}

    count = len(pixels)
    train_network(segmenter, count=count, recipe=recipe, step=step, validate=validate, ctx=ctx, title=title, load=load)


def overlaps(segmenter: Segmenter, test: ShownImages, ctx: Context) -> np.ndarray:
    """Dice of what is found on the shown images with the originals' masks. Shape: (N, organs), float64, 0 to 1, NaN."""
    pixels, masks = Pixels(test.images, ctx.device), Held(_masks(test.originals), ctx.device)

    def overlap(images: Tensor, truth: Tensor) -> Tensor:
        return dice(segmenter(images) > 0, organs_of(truth) > 0)

    found = outputs_of(segmenter, len(pixels), lambda rows: (pixels[rows], masks[rows]), overlap, ctx)
    return found.cpu().double().numpy()


def dice(found: Tensor, truth: Tensor) -> Tensor:
    """2 |A and B| / (|A| + |B|), NaN where the truth is empty, whatever was found.

    Shape: (N, organs, H, W), bool, to (N, organs), 0 to 1.
    """
    both, there = (found & truth).sum((-2, -1)), truth.sum((-2, -1))
    return torch.where(there > 0, 2 * both / (found.sum((-2, -1)) + there), torch.nan)


def _masks(split: Split) -> np.ndarray:
    assert split.masks is not None, "the harness leaves the task out where there are none"
    return split.masks
