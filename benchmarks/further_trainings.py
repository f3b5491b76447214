"""privbench's other trainings that compute something else than the four of `own_trainings`, made ready in the same way.

The verifier by patients, whose every image is in as many pairs as there are patients; distillation, whose tower learns
from a frozen teacher; and the U-Net that restores releases.
"""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import plain_trainings as plain
import torch
from own_trainings import SHORT, Drawn, Training
from privbench.attacks.distilled import teach
from privbench.attacks.recipes import RestorerRecipe
from privbench.attacks.registration import Registration
from privbench.attacks.restorer import RestoredEmbedding, Restorer
from protocol_work import network_of

from privbench.data.gallery import KnownGallery
from privbench.learning.context import Context, Pixels
from privbench.learning.embedder import embed, fresh_embedder, similarity_of_pairs
from privbench.learning.recipes import Augmentation
from privbench.learning.verifier import fit_verifier
from privbench.metrics.roc import auc
from privbench.plugins.interfaces import Attack
from privbench.plugins.registry import Registry

_RESTORER = {"width": 4, "epochs": 1, "batch_size": 32, "learning_rate": 1e-3}
"""Of a protocol without restoration, whose networks are small."""


def further(told: Drawn, device: str) -> list[Training]:
    """The verifier by patients, distillation and restoration's U-Net, on the images of these phantoms."""
    return [_by_patients(told, device), _distillation(told, device), _restorer(told, device)]


def _by_patients(told: Drawn, device: str) -> Training:
    train, size = told.splits["train"], told.protocol.data.size
    recipe = told.protocol.guidance.verifier
    recipe = recipe.model_copy(update=SHORT | {"augmentation": recipe.augmentation or Augmentation()})

    def fit(ctx: Context, steps: int) -> None:
        many = recipe.model_copy(update={"steps": steps})
        fit_verifier(told.known("train"), told.known("val"), many, ctx, "verifier")

    network = network_of(recipe, size)
    return Training(
        f"verifier by patients, {network}",
        "images/s",
        2 * min(recipe.batch_size, train.table["patient"].nunique()),
        fit,
        lambda seconds: plain.of_crossed_patients(train, recipe, device, seconds),
        network,
        1,
    )


def _distillation(told: Drawn, device: str) -> Training:
    """One round, of images that are their own releases; which undo serves a release is found out before it."""
    train, size = told.splits["train"], told.protocol.data.size
    section = told.protocol.attacks["distillation"]
    recipe = Registry().create(Attack, section.attack, section.params).params.model_copy(update=SHORT)

    def fit(ctx: Context, steps: int) -> None:
        teacher = fresh_embedder(recipe, ctx)
        known, val = told.known("train"), told.known("val")
        seen, held_out = (Pixels(one.references, ctx.device) for one in (known, val))
        wanted, wanted_val = (embed(teacher, images, ctx) for images in (seen, held_out))
        tower = copy.deepcopy(teacher)

        def validate() -> float:
            points = embed(tower, held_out, ctx)
            return auc(val.pairs.mated, similarity_of_pairs(points, wanted_val, val.pairs.probe, val.pairs.reference))

        many = recipe.model_copy(update={"steps": steps})
        teach(tower, seen, wanted, known, many, validate, ctx, "distillation")

    network = network_of(recipe, size)
    return Training(
        f"distillation, {network}",
        "images/s",
        min(recipe.batch_size, train.table["patient"].nunique()),
        fit,
        lambda seconds: plain.of_a_student(train, recipe, device, seconds),
        network,
        1,
    )


def _restorer(told: Drawn, device: str) -> Training:
    """The U-Net alone, whose releases go through a registration as they do in the attack."""
    train, val, size = told.splits["train"], told.known("val"), told.protocol.data.size
    section = told.protocol.attacks.get("restoration")
    params = told.protocol.guidance.embedder.model_dump() if section is None else section.params  # both have one
    own = _RESTORER if section is None else section.params["restorer"]
    recipe = RestorerRecipe(**own | {"epochs": SHORT["epochs"], "schedule": "constant"})
    params = Registry().create(Attack, "restoration", params | {"restorer": recipe.model_dump()}).params
    pixels = torch.arange(size**2)
    registration = Registration(pixels, torch.ones(len(pixels)), torch.zeros(len(pixels)))

    def restore(ctx: Context, steps: int) -> None:
        rows = np.resize(np.arange(len(train.images)), steps * recipe.batch_size)
        images = train.images[rows]
        known = KnownGallery(images.copy(), images, pairs=told.known("train").pairs, table=train.table.iloc[rows])
        embedding = RestoredEmbedding(params, lambda gallery: gallery.probes, "restoration")
        embedding.registration = registration
        held_out = replace(val, probes=val.references.copy())
        embedding.train_restorer(Restorer(recipe.width).to(ctx.device), known, held_out, ctx)

    network = f"restorer{recipe.width}@{size}"
    return Training(
        f"restorer, {recipe.width} filters at {size} px",
        "images/s",
        recipe.batch_size,
        restore,
        lambda seconds: plain.of_restored_images(train, recipe, device, seconds),
        network,
        1,
    )
