"""Trains an embedder, in which images of one patient lie near one another, and embeds images with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from ..data.gallery import KnownGallery
from ..data.pairs import rows_by_patient
from ..metrics.roc import auc
from .ahead import Loaded
from .augmentation import augment
from .context import Context, Pixels
from .contrastive import contrastive_loss, contrastive_loss_across
from .generators import global_seed
from .networks import Embedder, outputs_of
from .recipes import EmbedderRecipe
from .training import adam, train
from .updating import Update

Vary = Callable[[Tensor], Tensor]
"""Augments images: each time by draws of their own."""


class Images(Protocol):
    """Images as a network sees them: an index of n rows gives (n, 1, H, W), float."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Tensor) -> Tensor: ...


def fit_embedder(known: KnownGallery, val: KnownGallery, recipe: EmbedderRecipe, ctx: Context, title: str) -> Embedder:
    """An embedder of originals, trained on those of `known` and selected on the pairs of `val`."""
    embedder = fresh_embedder(recipe, ctx)
    images, seen = Pixels(known.references, ctx.device), Pixels(val.references, ctx.device)

    def validate() -> float:
        points = embed(embedder, seen, ctx)
        return auc(val.pairs.mated, similarity_of_pairs(points, points, val.pairs.probe, val.pairs.reference))

    train_embedder(embedder, images, images, known, recipe, validate, ctx, title)
    return embedder


def fresh_embedder(recipe: EmbedderRecipe, ctx: Context) -> Embedder:
    """The recipe's network with its starting weights, on the device."""
    with global_seed(ctx.derive("weights")):
        embedder = Embedder(recipe, recipe.features)
    return embedder.to(ctx.device)


def train_embedder(
    embedder: Embedder,
    probes: Images,
    references: Images,
    known: KnownGallery,
    recipe: EmbedderRecipe,
    validate: Callable[[], float],
    ctx: Context,
    title: str,
) -> None:
    """Trains by batches of patients with two images each (supervised contrastive loss, Khosla et al. 2020).

    Args:
        embedder: what is trained; it is left in evaluation mode.
        probes: one image of each pair.
        references: the other one, row by row of the same radiographs; the probes themselves where there is one kind.
        known: whose they are, row by row, and of which visit.
        recipe: how it is trained; its network is the embedder's.
        validate: the verification AUC on validation pairs.
        ctx: knows device and precision, and takes the curves.
        title: what curves and messages call the training.
    """
    # A release is told from an original at a glance, so only pairs of one with the other teach.
    loss_of = contrastive_loss if probes is references else contrastive_loss_across

    def load(vary: Vary, first: Tensor, second: Tensor) -> Loaded:
        return vary(torch.cat([probes[first], references[second]])).chunk(2)

    def loss(update: Update, first: Tensor, second: Tensor) -> Tensor:
        def loss_of_all(points: Tensor) -> Tensor:
            one, other = points.chunk(2)
            return loss_of(one, other, recipe.temperature)

        return update((torch.cat([first, second]),), loss_of_all)

    train_by_patients(embedder, known, recipe, load, loss, validate, ctx, title)


def train_by_patients(
    embedder: Embedder,
    known: KnownGallery,
    recipe: EmbedderRecipe,
    load: Callable[[Vary, Tensor, Tensor], Loaded],
    loss: Callable[..., Tensor],
    validate: Callable[[], float],
    ctx: Context,
    title: str,
    *streams: str,
) -> None:
    """Trains by batches of patients, of each the rows of two images; arguments as those of `train_embedder`.

    Args:
        load: takes what varies images, and the rows of the first and of the second images, which lie on the device.
        loss: takes what updates the network by what is put in and a loss of what it puts out, and what was loaded;
            returns the loss.
        streams: names that tell the draws of this training from those of another one of the same stage.
    """
    sampler = PatientSampler(known.patients, known.visits, ctx.numpy_generator(*streams, "patients"))
    count = recipe.steps * recipe.batch_size
    update = Update(embedder, ctx, *adam(embedder, recipe, count), title=title)
    noise = ctx.device_generator(*streams, "augmentation")

    def vary(images: Tensor) -> Tensor:
        return augment(images, recipe.augmentation, noise)

    batches = sampler.batches(recipe.batch_size, recipe.steps, ctx.device)

    train(
        embedder,
        count=count,
        recipe=recipe,
        step=lambda *batch: {"loss": loss(update, *batch)},
        validate=lambda: {"loss": torch.tensor(1 - validate())},
        ctx=ctx,
        title=title,
        load=lambda slots: load(vary, *next(batches)[:, : len(slots)]),
    )


def embed(embedder: Embedder, images: Images, ctx: Context) -> Tensor:
    """Every image as a point on the unit sphere. Shape: (N, features), float32, on the CPU."""
    return outputs_of(embedder, len(images), lambda rows: (images[rows],), embedder, ctx).cpu()


def similarity_of_pairs(probes: Tensor, references: Tensor, probe: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """The cosine of each pair of rows, -1 to 1. Shape: points (N, features), rows (n,), int, to (n,), float64."""
    return (probes[probe] * references[reference]).sum(1).double().numpy()


class PatientSampler:
    """Draws patients, every one as likely, and two images of each: of different visits where there are two.

    Patients with one image, or of one visit, count as well: two augmentations teach who is *not* somebody else, and a
    data set of few follow-ups has many of them. Not pytorch-metric-learning's MPerClassSampler, which draws from
    numpy's global generator and would pair an image with itself although the patient has others.
    """

    def __init__(self, patients: np.ndarray, visits: np.ndarray, rng: np.random.Generator) -> None:
        """Shape: patients and visits (N,), int."""
        self._rows, self._visits = rows_by_patient(patients), visits
        self._rng = rng

    def __len__(self) -> int:
        return len(self._rows)

    def draw(self, count: int) -> tuple[Tensor, Tensor]:
        """Rows of two images each of that many different patients. Shape: two times (count,), int64."""
        chosen = self._rng.choice(len(self._rows), count, replace=False)
        rows = [self._rows[patient] for patient in chosen]
        pairs = np.stack([self._two_of(own) for own in rows])
        return torch.from_numpy(pairs[:, 0]), torch.from_numpy(pairs[:, 1])

    def batches(self, size: int, steps: int, device: torch.device) -> Iterator[Tensor]:
        """The rows of one batch after the other, without end; those of an epoch's steps go to the device together.

        Shape: (2, n) each, int64, of `size` patients, or of all where there are fewer.
        """
        size = min(size, len(self))
        while True:
            yield from torch.stack([torch.stack(self.draw(size)) for _ in range(steps)]).to(device)

    def _two_of(self, own: np.ndarray) -> np.ndarray:
        """Two of a patient's rows. Shape: (n,) to (2,)."""
        two = self._rng.choice(own, 2, replace=len(own) < 2)
        apart = own[self._visits[own] != self._visits[two[0]]]
        if len(apart) and self._visits[two[0]] == self._visits[two[1]]:
            two[1] = self._rng.choice(apart)
        return two
