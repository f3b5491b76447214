"""The embedding that the contrastive attack learns, with what makes of a release what it sees."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from privbench.data.gallery import Gallery, KnownGallery
from privbench.learning.context import Context, Pixels
from privbench.learning.embedder import embed, fresh_embedder, similarity_of_pairs, train_embedder
from privbench.learning.guidance import Guidance
from privbench.learning.networks import Embedder, start_from_guidance
from privbench.learning.recipes import EmbedderRecipe
from privbench.learning.states import below, prefixed
from privbench.learning.weights import without_weights
from privbench.metrics.roc import auc

from .cross_correlation import correlations
from .registration import Registration, register

_NETWORK, _REGISTRATION = "network.", "registration."


class ComparedAsPoints(ABC):
    """What tells images by their points on the unit sphere."""

    @abstractmethod
    def points(self, gallery: Gallery, ctx: Context) -> tuple[Tensor, Tensor]:
        """Every probe and every reference as a point. Shape: two times (N, features), on the CPU."""

    def similarity(self, gallery: Gallery, probes: np.ndarray, references: np.ndarray, ctx: Context) -> np.ndarray:
        """One score a pair of rows, -1 to 1. Shape: probes and references (n,), int, to (n,), float64."""
        # Only the images that stand in a pair need to be embedded.
        rows, at = np.unique(np.concatenate([probes, references]), return_inverse=True)
        probe_points, reference_points = self.points(gallery.rows(rows), ctx)
        return similarity_of_pairs(probe_points, reference_points, *np.split(at, 2))

    def similarity_matrix(self, gallery: Gallery, ctx: Context) -> np.ndarray:
        """Every probe against every reference, -1 to 1. Shape: (P, R), float32."""
        return self.similarity_by_rows(gallery, ctx)(np.arange(len(gallery.probes)))

    def similarity_by_rows(self, gallery: Gallery, ctx: Context) -> Callable[[np.ndarray], np.ndarray]:
        """Rows of the matrix, when they are asked for. Shape: (n,), int, to (n, R), float32."""
        probe_points, reference_points = (points.to(ctx.device) for points in self.points(gallery, ctx))
        return lambda rows: (probe_points[torch.from_numpy(rows)] @ reference_points.T).cpu().numpy()


class Embedding(ComparedAsPoints):
    """Images as points, the nearer the likelier of one patient; probes are registered first where they are released."""

    def __init__(self, params: EmbedderRecipe, released: Callable[[Gallery], np.ndarray], title: str) -> None:
        """`title` is what curves and messages call the training.

        Shape: what the attacker takes for a gallery's `released` images is (N, 1, H, W), uint8.
        """
        self._params, self._released, self._title = params, released, title

    def fit(self, train: KnownGallery, val: KnownGallery, guidance: Guidance, ctx: Context) -> None:
        """Trains on `train` and keeps the epoch that tells patients of `val` apart best."""
        self._prepare(train, val, ctx)
        self._embedder = fresh_embedder(self._params, ctx)
        if self._params.init == "guidance":
            start_from_guidance(self._embedder.model, guidance.verifier.model, self._title)
        probes = self._probes(train, ctx)
        one_kind = train.probes is train.references
        references = probes if one_kind else Seen(Pixels(train.references, ctx.device))

        def validate() -> float:
            return auc(val.pairs.mated, self.similarity(val, val.pairs.probe, val.pairs.reference, ctx))

        train_embedder(self._embedder, probes, references, train, self._params, validate, ctx, self._title)

    def _prepare(self, train: KnownGallery, val: KnownGallery, ctx: Context) -> None:
        """Learns what makes of the probes what the embedding sees."""
        self.registration = None
        if train.probes is not train.references:
            rng = ctx.numpy_generator("registration")
            self.registration = register(self._released(train), train.references, rng, ctx.device)

    def _probes(self, gallery: Gallery, ctx: Context) -> Seen:
        """The gallery's probes as the embedding sees them."""
        registration = None if self.registration is None else self.registration.to(ctx.device)
        return Seen(Pixels(self._released(gallery), ctx.device), registration)

    def state(self) -> dict[str, Tensor]:
        """What `fit` learnt, each part below its prefix."""
        state = prefixed(_NETWORK, self._embedder.state_dict())
        if self.registration is not None:
            state |= prefixed(_REGISTRATION, vars(self.registration))
        return state

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        """Takes over what another one with the same parameters learnt, and moves it to the device."""
        self._embedder = Embedder(without_weights(self._params), self._params.features)
        self._embedder.load_state_dict(below(_NETWORK, state))
        self._embedder.to(device).eval()
        registration = below(_REGISTRATION, state)
        self.registration = Registration(**registration) if registration else None

    def image_similarity(self, gallery: Gallery, ctx: Context) -> np.ndarray:
        """The correlation of every probe, as the embedding sees it, with every reference. Shape: (P, R), float32."""
        return correlations(self._probes(gallery, ctx), Pixels(gallery.references, ctx.device))

    def points(self, gallery: Gallery, ctx: Context) -> tuple[Tensor, Tensor]:
        probes = embed(self._embedder, self._probes(gallery, ctx), ctx)
        if gallery.probes is gallery.references and not gallery.releases:
            return probes, probes
        return probes, embed(self._embedder, Seen(Pixels(gallery.references, ctx.device)), ctx)


@dataclass(frozen=True)
class Seen:
    """Images as the embedding sees them: indexed by rows, undone where a registration is known, on the same device."""

    pixels: Pixels
    registration: Registration | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, rows: Tensor) -> Tensor:
        images = self.pixels[rows]
        return images if self.registration is None else self.registration.undo(images)
