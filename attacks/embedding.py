"""The embedding that the contrastive attack learns, with what makes of a release what it sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from pytorch_metric_learning.losses import SupConLoss
from torch import Tensor

from privbench.data.gallery import Gallery, KnownGallery
from privbench.data.pairs import rows_by_patient
from privbench.learning.augmentation import augment
from privbench.learning.context import Context, Pixels
from privbench.learning.generators import global_seed
from privbench.learning.guidance import Guidance
from privbench.learning.networks import Embedder, outputs_of, start_from_guidance
from privbench.learning.states import below, prefixed
from privbench.learning.training import Losses, adam, prepare
from privbench.learning.training import train as train_network
from privbench.learning.weights import without_weights
from privbench.metrics.roc import auc

from .recipes import ContrastiveParams
from .registration import Registration, register

_NETWORK, _REGISTRATION = "network.", "registration."


class Embedding:
    """Images as points, the nearer the likelier of one patient; probes are registered first where they are released."""

    def __init__(self, params: ContrastiveParams, released: Callable[[Gallery], np.ndarray], title: str) -> None:
        """`title` is what curves and messages call the training.

        Shape: what the attacker takes for a gallery's `released` images is (N, 1, H, W), uint8.
        """
        self._params, self._released, self._title = params, released, title

    def fit(self, train: KnownGallery, val: KnownGallery, guidance: Guidance, ctx: Context) -> None:
        """Trains on `train` and keeps the epoch that tells patients of `val` apart best."""
        self._prepare(train, val, ctx)
        params = self._params
        with global_seed(ctx.derive("weights")):
            embedder = Embedder(params, params.features)
        if params.init == "guidance":
            start_from_guidance(embedder.model, guidance.verifier.model, self._title)
        self._embedder = embedder.to(ctx.device)
        self._train(train, val, ctx)

    def _prepare(self, train: KnownGallery, val: KnownGallery, ctx: Context) -> None:
        """Learns what makes of the probes what the embedding sees."""
        self._registration = None
        if train.probes is not train.references:
            rng = ctx.numpy_generator("registration")
            self._registration = register(self._released(train), train.references, rng, ctx.device)

    def _probes(self, gallery: Gallery, ctx: Context) -> Seen:
        """The gallery's probes as the embedding sees them."""
        return Seen(Pixels(self._released(gallery), ctx.device), self._registration)

    def _train(self, known: KnownGallery, val: KnownGallery, ctx: Context) -> None:
        params = self._params
        patients = PatientSampler(known.patients, ctx.numpy_generator("patients"))
        count = params.steps * params.batch_size
        network, update = prepare(self._embedder, ctx, *adam(self._embedder, params, count))
        loss_of = SupConLoss(params.temperature)
        probes, references = self._probes(known, ctx), Seen(Pixels(known.references, ctx.device))
        same_kind = known.probes is known.references
        noise = ctx.torch_generator("augmentation")

        def step(slots: Tensor) -> Losses:
            first, second = patients.draw(min(len(slots), len(patients)))
            images = torch.cat([probes[first], references[second]])
            embedded = network(augment(images, params.augmentation, noise))
            names = torch.arange(len(first), device=embedded.device)
            if same_kind:
                loss = loss_of(embedded, names.repeat(2))
            else:  # a release is told from an original at a glance, so only pairs of one with the other teach
                probe, reference = embedded.chunk(2)
                # A copy, because the library takes one and the same labels for one and the same images, and leaves
                # out what it then believes to be an image's pair with itself: every positive.
                other_names = names.clone()
                across = loss_of(probe, names, ref_emb=reference, ref_labels=other_names)
                loss = (across + loss_of(reference, names, ref_emb=probe, ref_labels=other_names)) / 2
            update(loss)
            return {"loss": loss}

        def validate() -> Losses:
            scores = self.similarity(val, val.pairs.probe, val.pairs.reference, ctx)
            return {"loss": torch.tensor(1 - auc(val.pairs.mated, scores))}

        train_network(
            self._embedder, count=count, recipe=params, step=step, validate=validate, ctx=ctx, title=self._title
        )

    def state(self) -> dict[str, Tensor]:
        """What `fit` learnt, each part below its prefix."""
        state = prefixed(_NETWORK, self._embedder.state_dict())
        if self._registration is not None:
            state |= prefixed(_REGISTRATION, vars(self._registration))
        return state

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        """Takes over what another one with the same parameters learnt, and moves it to the device."""
        self._embedder = Embedder(without_weights(self._params), self._params.features)
        self._embedder.load_state_dict(below(_NETWORK, state))
        self._embedder.to(device).eval()
        registration = below(_REGISTRATION, state)
        self._registration = Registration(**registration) if registration else None

    def similarity(self, gallery: Gallery, probes: np.ndarray, references: np.ndarray, ctx: Context) -> np.ndarray:
        """One score a pair of rows, -1 to 1. Shape: probes and references (n,), int, to (n,), float64."""
        # Only the images that stand in a pair need to be embedded.
        rows, at = np.unique(np.concatenate([probes, references]), return_inverse=True)
        probe_points, reference_points = self._points(gallery.rows(rows), ctx)
        first, second = np.split(at, 2)
        return (probe_points[first] * reference_points[second]).sum(1).double().numpy()

    def similarity_matrix(self, gallery: Gallery, ctx: Context) -> np.ndarray:
        """Every probe against every reference, -1 to 1. Shape: (P, R), float32."""
        probe_points, reference_points = self._points(gallery, ctx)
        return (probe_points @ reference_points.T).numpy()

    def _points(self, gallery: Gallery, ctx: Context) -> tuple[Tensor, Tensor]:
        """Every probe and every reference in the embedding's space. Shape: two times (N, features), on the CPU."""
        probes = self._embed(self._probes(gallery, ctx), ctx)
        if gallery.probes is gallery.references and not gallery.releases:
            return probes, probes
        return probes, self._embed(Seen(Pixels(gallery.references, ctx.device)), ctx)

    def _embed(self, images: Seen, ctx: Context) -> Tensor:
        return outputs_of(self._embedder, len(images), lambda rows: self._embedder(images[rows]), ctx).cpu()


@dataclass(frozen=True)
class Seen:
    """Images as the embedding sees them: indexed by rows, undone where a registration is known."""

    pixels: Pixels
    registration: Registration | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, rows: Tensor) -> Tensor:
        images = self.pixels[rows]
        return images if self.registration is None else self.registration.undo(images)


class PatientSampler:
    """Draws patients, every one as likely, and two images of each: different ones where there are two.

    Patients with one image count as well: two augmentations of it teach who is *not* somebody else, and a data set of
    few follow-ups has many of them. Not pytorch-metric-learning's MPerClassSampler, which draws from numpy's global
    generator and would pair an image with itself although the patient has others.
    """

    def __init__(self, patients: np.ndarray, rng: np.random.Generator) -> None:
        self._rows = rows_by_patient(patients)
        self._rng = rng

    def __len__(self) -> int:
        return len(self._rows)

    def draw(self, count: int) -> tuple[Tensor, Tensor]:
        """Rows of two images each of that many different patients. Shape: two times (count,), int64."""
        chosen = self._rng.choice(len(self._rows), count, replace=False)
        rows = [self._rows[patient] for patient in chosen]
        pairs = np.stack([self._rng.choice(own, 2, replace=len(own) < 2) for own in rows])
        return torch.from_numpy(pairs[:, 0]), torch.from_numpy(pairs[:, 1])
