"""Trains an abnormality classifier, and lets it read images."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..data.splits import Split
from .ahead import Loaded
from .augmentation import vary
from .context import Context, Pixels
from .features import collected_outputs
from .generators import global_seed
from .networks import Classifier, outputs_of
from .recipes import ClassifierRecipe
from .training import Losses, adam, train
from .updating import Update


class Objective(nn.Module):
    """What a classifier learns: the labels, as far as they are known."""

    reads_stages = False
    """Whether `further` wants the maps of the backbone's stages."""

    def label_logits(self, logits: Tensor) -> Tensor:
        """The log-odds of the labels by those of the findings. Shape: (N, findings) to the same."""
        return logits

    def further(self, logits: Tensor, stages: Sequence[Tensor], rows: Tensor, moves: Tensor | None) -> Losses:
        """Further terms of the loss, by name.

        Shape: log-odds of the labels (N, findings); the maps (N, C, h, w) of the backbone's stages, if it reads them;
        rows of the training split (N,), and how the augmentation moved their images (N, 2, 3).
        """
        return {}


def fit_classifier(
    train_set: Split,
    val_set: Split,
    recipe: ClassifierRecipe,
    ctx: Context,
    title: str,
    objective_for: Callable[[Classifier], Objective] = lambda _: Objective(),
) -> Classifier:
    """A classifier trained on the known labels, selected on their cross entropy on validation images.

    Where the data set tells no findings it stays as it was drawn.
    The objective, made for the network, may learn parameters of its own beside it.
    """
    with global_seed(ctx.derive(title, "weights")):
        classifier = Classifier(recipe, len(train_set.findings))
        objective = objective_for(classifier)
    if not train_set.findings:
        return classifier  # there is nothing to learn
    both = _Together(classifier, objective)
    update = Update(both, ctx, *adam(both, recipe, len(train_set.images)), title=title)
    pixels, generator = Pixels(train_set.images, ctx.device), ctx.device_generator(title, "augmentation")
    labels = torch.from_numpy(train_set.labels).to(ctx.device)
    val_labels = torch.from_numpy(val_set.labels).double()

    def load(rows: Tensor) -> Loaded:
        images, moves = vary(pixels[rows], recipe.augmentation, generator)
        return images, rows, moves, labels[rows]

    def step(images: Tensor, rows: Tensor, moves: Tensor | None, told: Tensor) -> Losses:
        losses: dict[str, Tensor] = {}

        def loss_of(outputs: Tensor | tuple[Tensor, Losses]) -> Tensor:
            logits, further = outputs if isinstance(outputs, tuple) else (outputs, {})
            losses.update({"labels": label_loss(logits, told), **further})
            return torch.stack(list(losses.values())).sum()

        loss = update((images, rows, moves), loss_of)
        return {"loss": loss, **losses} if len(losses) > 1 else {"loss": loss}

    def validate() -> Losses:
        logits = torch.from_numpy(classify(classifier, val_set.images, ctx)).float().to(ctx.device)
        return {"loss": label_loss(objective.label_logits(logits).cpu().double(), val_labels)}

    count = len(pixels)
    train(both, count=count, recipe=recipe, step=step, validate=validate, ctx=ctx, title=title, load=load)
    return classifier


class _Together(nn.Module):
    """The classifier with its objective: log-odds of labels, and with them the further terms of the loss, if any."""

    def __init__(self, classifier: Classifier, objective: Objective) -> None:
        super().__init__()
        self.classifier, self.objective = classifier, objective

    def forward(self, images: Tensor, rows: Tensor, moves: Tensor | None) -> Tensor | tuple[Tensor, Losses]:
        watched = self.classifier.model if self.objective.reads_stages else nn.Module()
        with collected_outputs(watched) as stages:
            logits = self.objective.label_logits(self.classifier(images).float())
        further = self.objective.further(logits, stages, rows, moves)
        return (logits, further) if further else logits


def label_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross entropy over the labels that are known, 0 where none is.

    Shape: (N, findings) both, labels 0, 1 or NaN, to ().
    """
    known = ~labels.isnan()
    if logits.device.type != "cpu":
        return loss_where(known, logits, labels)
    if not known.any():
        return logits.sum() * 0
    return functional.binary_cross_entropy_with_logits(logits[known], labels[known])


def loss_where(known: Tensor, logits: Tensor, labels: Tensor) -> Tensor:
    """The same, 0 where none is known; nothing is chosen from what lies on a device, which would have to be waited for.

    Shape: (N, findings) each, `known` bool, to ().
    """
    total = functional.binary_cross_entropy_with_logits(
        logits, labels.nan_to_num(), known.to(logits.dtype), reduction="sum"
    )
    return total / known.sum().clamp(min=1)


def classify(classifier: Classifier, images: np.ndarray, ctx: Context) -> np.ndarray:
    """Reads every image. Shape: (N, 1, H, W), uint8, to (N, findings) logits, float64."""
    pixels = Pixels(images, ctx.device)
    return outputs_of(classifier, len(pixels), lambda rows: (pixels[rows],), classifier, ctx).cpu().double().numpy()
