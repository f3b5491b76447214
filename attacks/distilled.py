"""The tower that learns from the guidance's embedder, with what undoes the release before it sees it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from privbench.base.errors import PrivbenchError
from privbench.data.gallery import Gallery, KnownGallery
from privbench.learning.context import Context, Pixels
from privbench.learning.embedder import Vary, embed, similarity_of_pairs, train_by_patients
from privbench.learning.guidance import Guidance
from privbench.learning.networks import Embedder, start_from_guidance
from privbench.learning.states import below, prefixed
from privbench.learning.weights import without_weights
from privbench.metrics.roc import auc

from .embedding import ComparedAsPoints
from .recipes import DistillationParams
from .undoing.portraits import Portraits
from .undoing.search import Chain, image_similarity, originals_of, search

_TEACHER, _TOWER, _UNDO, _PORTRAITS, _MEASURE = "teacher.", "tower.", "undo.", "portraits.", "measure."


@dataclass(frozen=True)
class Distilled(ComparedAsPoints):
    """What was learnt: references go through the teacher; probes are undone and go through the tower."""

    teacher: Embedder
    tower: Embedder
    undo: Chain
    portraits: Portraits
    measures: Mapping[str, float]

    def state(self) -> dict[str, Tensor]:
        """All of it, each part below its prefix; no tower where it is the teacher."""
        return (
            prefixed(_TEACHER, self.teacher.state_dict())
            | ({} if self.tower is self.teacher else prefixed(_TOWER, self.tower.state_dict()))
            | prefixed(_UNDO, self.undo.state())
            | prefixed(_PORTRAITS, vars(self.portraits))
            | prefixed(_MEASURE, {name: torch.tensor(value) for name, value in self.measures.items()})
        )

    @classmethod
    def of_state(cls, params: DistillationParams, state: Mapping[str, Tensor], device: torch.device) -> Distilled:
        """What `state` told, on the device."""

        def network(prefix: str) -> Embedder | None:
            weights = below(prefix, state)
            if not weights:
                return None
            embedder = Embedder(without_weights(params), params.features)
            embedder.load_state_dict(weights)
            return embedder.to(device).eval()

        teacher = network(_TEACHER)
        assert teacher is not None  # `state` tells it
        return cls(
            teacher,
            network(_TOWER) or teacher,
            Chain.of_state(below(_UNDO, state)),
            Portraits(**below(_PORTRAITS, state)),
            {name: float(value) for name, value in below(_MEASURE, state).items()},
        )

    def image_similarity(self, gallery: Gallery) -> np.ndarray:
        """How alike undone probes and references are as single images, -1 to 1. Shape: (P, R), float32."""
        return image_similarity(self.portraits, self.undo.images(gallery.probes).numpy(), gallery.references)

    def points(self, gallery: Gallery, ctx: Context) -> tuple[Tensor, Tensor]:
        references = embed(self.teacher, Pixels(gallery.references, ctx.device), ctx)
        if gallery.probes is gallery.references and self.tower is self.teacher:
            return references, references
        return embed(self.tower, Pixels(self.undo.images(gallery.probes).numpy(), ctx.device), ctx), references


def fit_distilled(
    params: DistillationParams, known: KnownGallery, val: KnownGallery, guidance: Guidance, ctx: Context
) -> Distilled:
    """Undoes the release, and trains the tower in rounds; of originals alone the teacher knows all there is to know.

    Raises:
        PrivbenchError: the guidance's embedder is another network than the one that the parameters name.
    """
    if guidance.embedder is None:
        raise PrivbenchError("The attack 'distillation' needs the guidance's embedder: add [guidance.embedder].")
    teacher = Embedder(without_weights(params), params.features).to(ctx.device).eval()
    start_from_guidance(teacher, guidance.embedder, "the attack 'distillation'")
    if known.probes is known.references:
        portraits = originals_of(known.references, ctx.numpy_generator("own images"))
        return Distilled(teacher, teacher, Chain((), ()), portraits, {})
    found = search(known, val, ctx)
    tower, rounds = _train(params, teacher, found.train, known, found.chain.images(val.probes).numpy(), val, ctx)
    matches = {f"own-image match after {name}": rate for name, rate in found.matches.items()}
    return Distilled(teacher, tower, found.chain, found.portraits, {"rounds": float(rounds)} | matches)


def _train(
    params: DistillationParams,
    teacher: Embedder,
    undone: np.ndarray,
    known: KnownGallery,
    undone_val: np.ndarray,
    val: KnownGallery,
    ctx: Context,
) -> tuple[Embedder, int]:
    """The tower after the round that did best on validation pairs, and how many rounds there were."""
    wanted, wanted_val = (embed(teacher, Pixels(one.references, ctx.device), ctx) for one in (known, val))
    seen, seen_val = (Pixels(images, ctx.device) for images in (undone, undone_val))
    tower, number = copy.deepcopy(teacher), 0

    def auc_on(images: Pixels, points: Tensor, gallery: KnownGallery) -> float:
        pairs = gallery.pairs
        own = embed(tower, images, ctx)
        return auc(pairs.mated, similarity_of_pairs(own, points, pairs.probe, pairs.reference))

    # Where all is undone, training makes it no better.
    best, best_auc = copy.deepcopy(tower), auc_on(seen_val, wanted_val, val)
    for number in range(1, params.rounds + 1):
        recipe = params.model_copy(update={"steps": params.steps * 2 ** (number - 1)})
        title = f"distillation, round {number}"
        _teach(tower, seen, wanted, known.patients, recipe, lambda: auc_on(seen_val, wanted_val, val), ctx, title)
        reached = auc_on(seen_val, wanted_val, val)
        if reached > best_auc:
            best, best_auc = copy.deepcopy(tower), reached
        if auc_on(seen, wanted, known) >= params.saturation:
            break
    return best, number


def _teach(
    tower: Embedder,
    seen: Pixels,
    wanted: Tensor,
    patients: np.ndarray,
    recipe: DistillationParams,
    validate: Callable[[], float],
    ctx: Context,
    title: str,
) -> None:
    """One training: each release towards the teacher's embedding of another visit, among those of other patients."""
    points = wanted.to(ctx.device)

    def loss(network: nn.Module, vary: Vary, first: Tensor, second: Tensor) -> Tensor:
        logits = network(vary(seen[first])) @ points[second.to(ctx.device)].T / recipe.temperature
        return functional.cross_entropy(logits, torch.arange(len(first), device=ctx.device))

    train_by_patients(tower, patients, recipe, loss, validate, ctx, title, title)
