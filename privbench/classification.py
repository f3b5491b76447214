"""Trains an abnormality classifier, and lets it read images."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .context import Context, Pixels
from .data.splits import Split
from .networks import Backbone, Classifier, outputs_of
from .seeds import global_seed
from .training import Losses, Recipe, adam, prepare, train


class ClassifierRecipe(Recipe, Backbone):
    """The classifier's network and how it is trained."""


def fit_classifier(train_set: Split, val_set: Split, recipe: ClassifierRecipe, ctx: Context, title: str) -> Classifier:
    """A classifier trained with binary cross entropy over the findings, selected on the validation loss."""
    with global_seed(ctx.derive(title, "weights")):
        classifier = Classifier(recipe, len(train_set.findings))
    network, update = prepare(classifier, ctx, *adam(classifier, recipe, len(train_set.images)))
    pixels = Pixels(train_set.images, ctx.device)
    labels = torch.from_numpy(train_set.labels).to(ctx.device)
    val_labels = torch.from_numpy(val_set.labels).double()

    def step(batch: Tensor) -> Losses:
        logits = network(pixels[batch])
        loss = functional.binary_cross_entropy_with_logits(logits.float(), labels[batch.to(ctx.device)])
        update(loss)
        return {"loss": loss}

    def validate() -> Losses:
        logits = torch.from_numpy(classify(classifier, val_set.images, ctx))
        return {"loss": functional.binary_cross_entropy_with_logits(logits, val_labels)}

    train(classifier, count=len(pixels), recipe=recipe, step=step, validate=validate, ctx=ctx, title=title)
    return classifier


def classify(classifier: Classifier, images: np.ndarray, ctx: Context) -> np.ndarray:
    """Reads every image. Shape: (N, 1, H, W), uint8, to (N, findings) logits, float64."""
    pixels = Pixels(images, ctx.device)
    return outputs_of(classifier, len(pixels), lambda rows: classifier(pixels[rows]), ctx).cpu().double().numpy()
