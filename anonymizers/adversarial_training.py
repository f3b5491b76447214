"""How an adversarial anonymizer learns: first to return its input, then against the guidance, which learns along."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from privbench.data.splits import Split
from privbench.learning.classifier import label_loss
from privbench.learning.context import Context, Pixels
from privbench.learning.guidance import Guidance
from privbench.learning.networks import Verifier
from privbench.learning.recipes import Recipe
from privbench.learning.training import Losses, train
from privbench.learning.updating import Update

_EVALUATION_BATCH = 256


class Generating(Protocol):
    """An anonymizer as its training knows it: a network, and what makes images of its output."""

    generator: nn.Module
    params: Any

    @property
    def name(self) -> str: ...

    def apply(self, output: Tensor, images: Tensor) -> Tensor: ...


def reconstruct(anonymizer: Generating, train_set: Split, val_set: Split, ctx: Context) -> None:
    """The generator learns to return its input: mean squared error, Adam."""
    optimizer = torch.optim.Adam(anonymizer.generator.parameters(), lr=anonymizer.params.pretrain_learning_rate)
    title = f"{anonymizer.name} pretraining"
    update = Update(anonymizer.generator, ctx, optimizer, title=title)
    pixels, val_pixels = Pixels(train_set.images, ctx.device), Pixels(val_set.images, ctx.device)

    def loss_of(output: Tensor, images: Tensor) -> Tensor:
        return functional.mse_loss(anonymizer.apply(output.float(), images), images)

    def step(images: Tensor) -> Losses:
        return {"loss": update((images,), lambda output: loss_of(output, images))}

    def losses(rows: Tensor) -> dict[str, Tensor]:
        images = val_pixels[rows]
        return {"loss": loss_of(update.network(images), images)}

    train(
        anonymizer.generator,
        count=len(pixels),
        recipe=_recipe(anonymizer, anonymizer.params.pretrain_epochs),
        step=step,
        validate=lambda: _mean_over_rows(len(val_pixels), losses, ctx.device),
        ctx=ctx,
        title=title,
        load=lambda rows: (pixels[rows],),
    )


def deceive(anonymizer: Generating, train_set: Split, val_set: Split, guidance: Guidance, ctx: Context) -> None:
    """The game of the paper's Eqs. 4 to 6 against copies of the guidance, which learn along."""
    classifier, verifier = copy.deepcopy(guidance.classifier), copy.deepcopy(guidance.verifier)
    game = Game(anonymizer, classifier, verifier, ctx)
    train_pairs, val_pairs = PairBatches(train_set, ctx), PairBatches(val_set, ctx)

    def validate() -> Losses:
        classifier.eval()
        verifier.eval()
        return game.mean_losses(val_pairs)

    train(
        anonymizer.generator,
        count=len(train_pairs),
        recipe=_recipe(anonymizer, anonymizer.params.epochs),
        step=lambda *batch: game.step(Batch(*batch)),
        validate=validate,
        ctx=ctx,
        title=f"{anonymizer.name} against the guidance",
        load=lambda rows: train_pairs[rows],
    )


def _recipe(anonymizer: Generating, epochs: int) -> Recipe:
    params = anonymizer.params
    return Recipe(epochs=epochs, batch_size=params.batch_size, learning_rate=params.learning_rate)


class Batch(NamedTuple):
    """Pairs of images, the findings of the probes, and which pairs are mated."""

    probes: Tensor
    references: Tensor
    labels: Tensor
    mated: Tensor


class Side:
    """The probes, or the references, of pairs: each image once, and which is whose.

    Shape: rows (n,), of the images, sorted; of_pairs (pairs,), places in them.
    """

    def __init__(self, rows: np.ndarray, pixels: Pixels, device: torch.device) -> None:
        own, of_pairs = np.unique(rows, return_inverse=True)
        self.rows, self.of_pairs, self._pixels = (
            *(torch.from_numpy(one).to(device) for one in (own, of_pairs)),
            pixels,
        )

    def batches(self) -> Iterator[Tensor]:
        """The images, each once. Shape: (n, 1, H, W) each."""
        return (self._pixels[rows] for rows in self.rows.split(_EVALUATION_BATCH))


class PairBatches:
    """Indexes the pairs of a split to batches; all but the images is on the device."""

    def __init__(self, split: Split, ctx: Context) -> None:
        self._pixels = Pixels(split.images, ctx.device)
        pairs = split.pairs
        self.probes, self.references = (Side(rows, self._pixels, ctx.device) for rows in (pairs.probe, pairs.reference))
        self._probe, self._reference = (side.rows[side.of_pairs] for side in (self.probes, self.references))
        self._mated = torch.from_numpy(pairs.mated.astype(np.float32)).to(ctx.device)
        self._labels = torch.from_numpy(split.labels).to(ctx.device)

    def __len__(self) -> int:
        return len(self._mated)

    def labels(self, rows: Tensor) -> Tensor:
        """The findings of those pairs' probes. Shape: (n,), int64, to (n, findings)."""
        return self._labels[self._probe[rows]]

    def __getitem__(self, rows: Tensor) -> Batch:
        return Batch(
            probes=self._pixels[self._probe[rows]],
            references=self._pixels[self._reference[rows]],
            labels=self.labels(rows),
            mated=self._mated[rows],
        )


class Game:
    """Generator, auxiliary classifier and verifier, each with its optimizer, taking turns on a batch."""

    def __init__(self, anonymizer: Generating, classifier: nn.Module, verifier: Verifier, ctx: Context) -> None:
        params, fabric = anonymizer.params, ctx.fabric
        self._apply, self._fabric = anonymizer.apply, fabric
        self._classifier, self._verifier = classifier, verifier
        self._generate, self._generator_steps = fabric.setup(
            anonymizer.generator, torch.optim.Adam(anonymizer.generator.parameters(), lr=params.learning_rate)
        )
        self._classify, self._classifier_steps = fabric.setup(
            classifier,
            torch.optim.SGD(
                classifier.parameters(), lr=params.classifier_learning_rate, momentum=0.9, weight_decay=1e-4
            ),
        )
        self._verify, self._verifier_steps = fabric.setup(
            verifier, torch.optim.Adam(verifier.parameters(), lr=params.learning_rate)
        )

    def generator_losses(self, batch: Batch) -> dict[str, Tensor]:
        """Eqs. 2 to 4: the classifier's cross entropy on F(x1) plus the mean of -log(1 - SNN(F(x1), x2)).

        With a logit z of the verifier, -log(1 - sigmoid(z)) is softplus(z), which does not overflow. The second
        term runs over mated and non-mated pairs alike.
        """
        return self._losses_of(self._anonymized(batch.probes), batch)

    @torch.no_grad()
    def mean_losses(self, pairs: PairBatches) -> dict[str, Tensor]:
        """The mean `generator_losses` of all pairs, by judges in evaluation mode; each image goes through them once."""
        judged = [self._judged(self._anonymized(images)) for images in pairs.probes.batches()]
        logits, probes = (torch.cat(parts) for parts in zip(*judged, strict=True))
        references = torch.cat([self._embedded(images) for images in pairs.references.batches()])

        def losses(rows: Tensor) -> dict[str, Tensor]:
            probe, reference = pairs.probes.of_pairs[rows], pairs.references.of_pairs[rows]
            return _generator_losses(
                logits[probe], self._compared(probes[probe], references[reference]), pairs.labels(rows)
            )

        return _mean_over_rows(len(pairs), losses, references.device)

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """One update of the generator, then of the classifier (Eq. 5), then of the verifier (Eq. 6)."""
        for judge in (self._classifier, self._verifier):
            judge.eval().requires_grad_(False)
        anonymized = self._anonymized(batch.probes)
        losses = self._losses_of(anonymized, batch)
        self._update(self._generator_steps, losses["loss"])

        anonymized = anonymized.detach()
        for judge in (self._classifier, self._verifier):
            judge.train().requires_grad_(True)
        entropy = functional.binary_cross_entropy_with_logits
        self._update(self._classifier_steps, label_loss(self._classify(anonymized).float(), batch.labels))
        self._update(self._verifier_steps, entropy(self._verify(anonymized, batch.references).float(), batch.mated))
        return losses

    def _anonymized(self, images: Tensor) -> Tensor:
        return self._apply(self._generate(images).float(), images)

    def _losses_of(self, anonymized: Tensor, batch: Batch) -> dict[str, Tensor]:
        logits, probes = self._judged(anonymized)
        with torch.no_grad():  # nothing is learnt of the references, so nothing is kept of how they were embedded
            references = self._embedded(batch.references)
        return _generator_losses(logits, self._compared(probes, references), batch.labels)

    def _judged(self, anonymized: Tensor) -> tuple[Tensor, Tensor]:
        """What the judges see: logits of findings, and the verifier's embedding."""
        return self._classify(anonymized).float(), self._embedded(anonymized)

    def _embedded(self, images: Tensor) -> Tensor:
        with self._fabric.autocast():
            return self._verifier.embed(images)

    def _compared(self, probes: Tensor, references: Tensor) -> Tensor:
        with self._fabric.autocast():
            return self._verifier.compare(probes, references).float()

    def _update(self, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        optimizer.zero_grad()
        self._fabric.backward(loss)
        optimizer.step()


def _generator_losses(logits: Tensor, same: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Shape: logits and labels (N, findings); the verifier's logits (N,), to () each."""
    utility, privacy = label_loss(logits, labels), functional.softplus(same).mean()
    return {"loss": utility + privacy, "classifier": utility, "verifier": privacy}


def _mean_over_rows(
    count: int, losses_of: Callable[[Tensor], dict[str, Tensor]], device: torch.device
) -> dict[str, Tensor]:
    """The losses of all rows, read a batch at a time and weighted by its length."""
    sums: dict[str, Tensor] = {}
    for rows in torch.arange(count, device=device).split(_EVALUATION_BATCH):
        for name, value in losses_of(rows).items():
            sums[name] = sums.get(name, torch.zeros_like(value)) + value * len(rows)
    return {name: total / count for name, total in sums.items()}
