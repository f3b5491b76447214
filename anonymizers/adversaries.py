"""Whom a generator learns to deceive: the paper's verifier, or an informed attacker who adapts."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from privbench.data.gallery import KnownGallery
from privbench.data.splits import Split
from privbench.learning.augmentation import augment
from privbench.learning.context import Context, Pixels, sent
from privbench.learning.embedder import PatientSampler, embed, fit_embedder
from privbench.learning.guidance import Guidance
from privbench.learning.recipes import EmbedderRecipe
from privbench.learning.updating import Update, fused

Draw = tuple[Tensor, Tensor, Tensor]
"""Rows of images to release, rows of the points that they are sought among, and which of these is right for each."""


class Batch(NamedTuple):
    """Originals that are released, what they are looked for among, and which of that is right.

    Shape: probes (N, 1, H, W); labels (N, findings), the probes' findings; sought and right as the adversary has them.
    """

    probes: Tensor
    labels: Tensor
    sought: Tensor
    right: Tensor


class Batches(Protocol):
    """What indexes so many rows to batches of images of one side, in pixels."""

    @property
    def side(self) -> int: ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: Tensor) -> Batch: ...


class Adversary(Protocol):
    """An attacker who learns along with the generator."""

    @property
    def network(self) -> nn.Module:
        """What is frozen, in evaluation mode, while the generator learns from it."""

    def training(self, split: Split) -> Batches:
        """The batches of which both learn."""

    def validation(self, split: Split) -> Batches:
        """The same batches in every epoch."""

    def privacy(self, released: Tensor, batch: Batch) -> Tensor:
        """What the generator lowers: how surely the adversary links the releases, 0 at the least."""

    def learn(self, released: Tensor, batch: Batch) -> None:
        """One update of the adversary."""


class PaperVerifier:
    """The guidance's siamese network, which learns to tell pairs of a release and an original (paper, Eq. 6).

    Its batches are pairs: `sought` are the references, Shape (N, 1, H, W); `right` tells which are mated, Shape (N,).
    """

    def __init__(self, guidance: Guidance, learning_rate: float, ctx: Context) -> None:
        self.network = copy.deepcopy(guidance.verifier)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=learning_rate, fused=fused(ctx.device))
        self._update, self._ctx = Update(self.network, ctx, self.optimizer, title="the adversary", by_rows=False), ctx

    def training(self, split: Split) -> PairBatches:
        return PairBatches(split, self._ctx)

    def validation(self, split: Split) -> PairBatches:
        return PairBatches(split, self._ctx)

    def privacy(self, released: Tensor, batch: Batch) -> Tensor:
        """The mean of -log(1 - SNN(F(x1), x2)) (paper, Eq. 3), over mated and non-mated pairs alike.

        With a logit z of the verifier, -log(1 - sigmoid(z)) is softplus(z), which does not overflow.
        """
        with torch.no_grad():  # nothing is learnt of the references, so nothing is kept of how they were embedded
            references = self._embedded(batch.sought)
        probes = self._embedded(released)
        with self._ctx.fabric.autocast():
            return functional.softplus(self.network.compare(probes, references).float()).mean()

    def _embedded(self, images: Tensor) -> Tensor:
        with self._ctx.fabric.autocast():
            return self.network.embed(images)

    def learn(self, released: Tensor, batch: Batch) -> None:
        entropy = functional.binary_cross_entropy_with_logits
        self._update((released, batch.sought), lambda logits: entropy(logits.float(), batch.right))


class PairBatches:
    """Indexes the pairs of a split to batches; all but the images is on the device."""

    def __init__(self, split: Split, ctx: Context) -> None:
        self._pixels, pairs = Pixels(split.images, ctx.device), split.pairs
        self._probe, self._reference, self._mated, self._labels = (
            torch.from_numpy(told).to(ctx.device)
            for told in (pairs.probe, pairs.reference, pairs.mated.astype(np.float32), split.labels)
        )

    @property
    def side(self) -> int:
        return self._pixels.side

    def __len__(self) -> int:
        return len(self._mated)

    def __getitem__(self, rows: Tensor) -> Batch:
        probe = self._probe[rows]
        return Batch(
            probes=self._pixels[probe],
            labels=self._labels[probe],
            sought=self._pixels[self._reference[rows]],
            right=self._mated[rows],
        )


class InformedTower:
    """An embedder of originals, the publisher's own, and a tower that learns to send releases where it sends patients.

    So the strongest of privbench's attacks proceeds (`attacks.distillation`), here beside the generator, from the
    first step. It looks for a release's patient among originals of as many patients, his own of another visit where he
    has one. Of patients without it, who teach as well who is not somebody else, it is shown the very original that the
    release is made from, which is easier; so they are no measure of it, and only count among the others in validation.

    Its batches are patients: `sought` are points of originals, Shape (M, features); `right` tells of each probe the one
    of its patient, Shape (N,), int64.

    The embedder is trained here, from weights of its own, and not the one that attackers start from: a generator that
    had learnt to deceive those very weights would look safer than it is.
    """

    def __init__(self, recipe: EmbedderRecipe, train: Split, val: Split, learning_rate: float, ctx: Context) -> None:
        known, held_out = (
            KnownGallery(split.images, split.images, pairs=split.pairs, table=split.table) for split in (train, val)
        )
        self._recipe, self._ctx = recipe, ctx
        self._teacher = fit_embedder(known, held_out, recipe, ctx, "the adversary's embedder")
        self.network = copy.deepcopy(self._teacher)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=learning_rate, fused=fused(ctx.device))
        self._update = Update(self.network, ctx, self.optimizer, title="the adversary", by_rows=False)
        self._noise = ctx.device_generator("adversary", "augmentation")

    def training(self, split: Split) -> PatientBatches:
        """As many patients an epoch as the paper's verifier is shown pairs."""
        sampler = self._sampler(split, "training")

        def draw(rows: Tensor) -> Draw:
            first, second = (sent(rows, self._ctx.device) for rows in sampler.draw(min(len(rows), len(sampler))))
            return first, second, torch.arange(len(first), device=self._ctx.device)

        return self._batches(split, len(split.pairs), draw)

    def validation(self, split: Split) -> PatientBatches:
        """Each patient of two visits once, sought among all patients; where nobody has two, each patient."""
        sampler = self._sampler(split, "validation")
        first, second = sampler.draw(len(sampler))
        again = torch.from_numpy(split.visits[first.numpy()] != split.visits[second.numpy()])
        asked = (again if again.any() else torch.ones_like(again)).nonzero()[:, 0]
        first, second, asked = (rows.to(self._ctx.device) for rows in (first, second, asked))
        return self._batches(split, len(asked), lambda rows: (first[asked[rows]], second, asked[rows]))

    def _sampler(self, split: Split, name: str) -> PatientSampler:
        return PatientSampler(split.patients, split.visits, self._ctx.numpy_generator("adversary", name))

    def _batches(self, split: Split, count: int, draw: Callable[[Tensor], Draw]) -> PatientBatches:
        pixels = Pixels(split.images, self._ctx.device)
        return PatientBatches(split, pixels, embed(self._teacher, pixels, self._ctx), count, draw, self._ctx)

    def privacy(self, released: Tensor, batch: Batch) -> Tensor:
        """The mean of -log(1 - p), where p is the share of the softmax that a release's own patient gets."""
        return unlinked(self._logits(self._update.network(released), batch), batch.right)

    def learn(self, released: Tensor, batch: Batch) -> None:
        varied = augment(released, self._recipe.augmentation, self._noise)
        self._update((varied,), lambda points: functional.cross_entropy(self._logits(points, batch), batch.right))

    def _logits(self, points: Tensor, batch: Batch) -> Tensor:
        return points @ batch.sought.T / self._recipe.temperature


def unlinked(logits: Tensor, right: Tensor) -> Tensor:
    """The mean of -log(1 - softmax(logits)[right]), the paper's Eq. 3 with as many answers as there are patients.

    Shape: logits (N, M), M at least 2; right (N,), int64; to one number, 0 at the least.
    """
    others = logits.scatter(1, right[:, None], -torch.inf)
    return (logits.logsumexp(1) - others.logsumexp(1)).mean()


class PatientBatches:
    """Draws patients, with images to release, and points of originals to find whose these are."""

    def __init__(
        self,
        split: Split,
        pixels: Pixels,
        points: Tensor,
        count: int,
        draw: Callable[[Tensor], Draw],
        ctx: Context,
    ) -> None:
        """
        Args:
            split: whose they are.
            pixels: its images.
            points: what the embedder makes of them. Shape: (N, features), float.
            count: how many count as all.
            draw: what is taken in the place of so many rows, on the device.
            ctx: knows the device.
        """
        self._pixels, self._count, self._draw = pixels, count, draw
        self._points, self._labels = points.to(ctx.device), torch.from_numpy(split.labels).to(ctx.device)

    @property
    def side(self) -> int:
        return self._pixels.side

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, rows: Tensor) -> Batch:
        probes, sought, right = self._draw(rows)
        return Batch(self._pixels[probes], self._labels[probes], self._points[sought], right)
