"""The tower that learns from the guidance's embedder, with what undoes the release before it sees it.

Beside it stand whitened pixels, which need no training: both similarities are added, by weights from validation pairs.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from privbench.base.errors import PrivbenchError
from privbench.data.gallery import Gallery, KnownGallery
from privbench.learning.ahead import Loaded
from privbench.learning.context import Context, Pixels
from privbench.learning.embedder import Vary, embed, similarity_of_pairs, train_by_patients
from privbench.learning.guidance import Guidance
from privbench.learning.networks import Embedder, start_from_guidance
from privbench.learning.states import below, prefixed
from privbench.learning.updating import Update
from privbench.learning.weights import without_weights
from privbench.metrics.logistic import fit_logistic
from privbench.metrics.roc import auc

from .embedding import ComparedAsPoints
from .recipes import DistillationParams
from .undoing.portraits import Portraits
from .undoing.search import Chain, image_similarity, originals_of, search
from .whitening import Whitening, fit_variation

_TEACHER, _TOWER, _UNDO, _FINDER = "teacher.", "tower.", "undo.", "finder."
_PORTRAITS, _MEASURE = "portraits.", "measure."
_WHITENING, _SHARE = "whitening.", "share"


@dataclass(frozen=True)
class Distilled(ComparedAsPoints):
    """What was learnt: references go through the teacher; probes are undone and go through the tower.

    `share` is the weight of whitened pixels, 0 to 1, beside that of the networks. `finder` undoes probes that are to
    find their own originals.
    """

    teacher: Embedder
    tower: Embedder
    undo: Chain
    finder: Chain
    whitening: Whitening
    share: float
    portraits: Portraits
    measures: Mapping[str, float]

    def state(self) -> dict[str, Tensor]:
        """All of it, each part below its prefix; no tower where it is the teacher."""
        return (
            prefixed(_TEACHER, self.teacher.state_dict())
            | ({} if self.tower is self.teacher else prefixed(_TOWER, self.tower.state_dict()))
            | prefixed(_UNDO, self.undo.state())
            | ({} if self.finder is self.undo else _copied(prefixed(_FINDER, self.finder.state())))
            | prefixed(_WHITENING, self.whitening.state())
            | {_SHARE: torch.tensor(self.share, dtype=torch.float64)}
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
        undo = Chain.of_state(below(_UNDO, state))
        finder = below(_FINDER, state)
        return cls(
            teacher,
            network(_TOWER) or teacher,
            undo,
            Chain.of_state(finder) if finder else undo,
            Whitening.of_state(below(_WHITENING, state)),
            float(state[_SHARE]),
            Portraits(**below(_PORTRAITS, state)),
            {name: float(value) for name, value in below(_MEASURE, state).items()},
        )

    def image_similarity(self, gallery: Gallery) -> np.ndarray:
        """How alike undone probes and references are as single images, -1 to 1. Shape: (P, R), float32."""
        return image_similarity(self.portraits, self.finder.images(gallery.probes).numpy(), gallery.references)

    def points(self, gallery: Gallery, ctx: Context) -> tuple[Tensor, Tensor]:
        references = self._both(self.teacher, gallery.references, ctx)
        if gallery.probes is gallery.references and self.tower is self.teacher:
            return references, references
        return self._both(self.tower, self.undo.images(gallery.probes).numpy(), ctx), references

    def _both(self, network: Embedder, images: np.ndarray, ctx: Context) -> Tensor:
        """Points whose products are the weighted sums of those of networks and of whitened pixels."""
        learnt, pixels = embed(network, Pixels(images, ctx.device), ctx), self.whitening.points(images)
        return torch.cat([(1 - self.share) ** 0.5 * learnt, self.share**0.5 * pixels], 1)


def _copied(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Both chains may begin with the same undo, and a file holds no tensor under two names."""
    return {name: value.clone() for name, value in state.items()}


_Side = tuple[np.ndarray, Tensor, KnownGallery]
"""Of training or validation: releases undone, the teacher's points of the originals, and whose they are."""


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
    own_val = embed(teacher, Pixels(val.references, ctx.device), ctx)
    variation = fit_variation(known, ctx)
    if known.probes is known.references:
        whitening = variation.whitening()
        share, _ = _weigh(own_val, own_val, whitening, val.references, val)
        portraits = originals_of(known.references, ctx.numpy_generator("own images"))
        nothing = Chain((), ())
        return Distilled(teacher, teacher, nothing, nothing, whitening, share, portraits, {})

    found = search(known, val, variation.whitening(), ctx)
    own = embed(teacher, Pixels(known.references, ctx.device), ctx)
    undone_val = found.chain.images(val.probes).numpy()
    tower, rounds = _train(params, teacher, (found.train, own, known), (undone_val, own_val, val), ctx)
    whitening = variation.whitening(found.train)
    reached = embed(tower, Pixels(undone_val, ctx.device), ctx)
    share, alone = _weigh(reached, own_val, whitening, undone_val, val)
    measures = {
        "rounds": float(rounds),
        **alone,
        **{f"own-image match after {name}": rate for name, rate in found.matches.items()},
        **{f"validation AUC after {name}": value for name, value in found.aucs.items()},
    }
    return Distilled(teacher, tower, found.chain, found.finder, whitening, share, found.portraits, measures)


def _weigh(
    probes: Tensor, references: Tensor, whitening: Whitening, undone: np.ndarray, val: KnownGallery
) -> tuple[float, dict[str, float]]:
    """The share of whitened pixels that tells validation pairs best, and what each tells alone (AUC).

    Fusion by logistic regression, as is usual where speakers are verified (Brümmer et al. 2007); what would count
    against a match counts nothing.
    """
    pairs = val.pairs
    pixels = whitening.points(undone), whitening.points(val.references)
    scores = np.stack(
        [similarity_of_pairs(*both, pairs.probe, pairs.reference) for both in ((probes, references), pixels)], 1
    )
    spread = scores[~pairs.mated].std(0).clip(min=1e-6)
    weights = fit_logistic(scores / spread, pairs.mated, balanced=False).coef_[0].clip(min=0) / spread
    told = ("validation AUC of the tower alone", "validation AUC of whitened pixels alone")
    alone = {name: auc(pairs.mated, score) for name, score in zip(told, scores.T, strict=True)}
    share = float(weights[1] / weights.sum()) if weights.any() else 0.0
    return share, alone | {"share of whitened pixels": share}


def _train(
    params: DistillationParams, teacher: Embedder, train: _Side, val: _Side, ctx: Context
) -> tuple[Embedder, int]:
    """The tower after the round that did best on validation pairs, and how many rounds there were."""
    (undone, wanted, known), (undone_val, wanted_val, held_out) = train, val
    seen, seen_val = (Pixels(images, ctx.device) for images in (undone, undone_val))
    tower, number = copy.deepcopy(teacher), 0

    def auc_on(images: Pixels, points: Tensor, gallery: KnownGallery) -> float:
        pairs = gallery.pairs
        own = embed(tower, images, ctx)
        return auc(pairs.mated, similarity_of_pairs(own, points, pairs.probe, pairs.reference))

    def validate() -> float:
        return auc_on(seen_val, wanted_val, held_out)

    # Where all is undone, training makes it no better.
    best, best_auc = copy.deepcopy(tower), validate()
    for number in range(1, params.rounds + 1):
        recipe = params.model_copy(update={"steps": params.steps * 2 ** (number - 1)})
        title = f"distillation, round {number}"
        teach(tower, seen, wanted, known, recipe, validate, ctx, title)
        reached = validate()
        if reached > best_auc:
            best, best_auc = copy.deepcopy(tower), reached
        if auc_on(seen, wanted, known) >= params.saturation:
            break
    return best, number


def teach(
    tower: Embedder,
    seen: Pixels,
    wanted: Tensor,
    known: KnownGallery,
    recipe: DistillationParams,
    validate: Callable[[], float],
    ctx: Context,
    title: str,
) -> None:
    """One training: each release towards the teacher's embedding of its patient, among those of other patients."""
    points = wanted.to(ctx.device)

    def load(vary: Vary, first: Tensor, second: Tensor) -> Loaded:
        return vary(seen[first]), points[second]

    def loss(update: Update, images: Tensor, targets: Tensor) -> Tensor:
        own = torch.arange(len(images), device=ctx.device)
        return update(
            (images,), lambda reached: functional.cross_entropy(reached @ targets.T / recipe.temperature, own)
        )

    train_by_patients(tower, known, recipe, load, loss, validate, ctx, title, title)
