"""How an adversarial anonymizer learns: first to return its input, then against the guidance, which learns along."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from privbench.data.splits import Split
from privbench.learning.classifier import label_loss
from privbench.learning.context import Context, Pixels
from privbench.learning.guidance import Guidance
from privbench.learning.recipes import Recipe
from privbench.learning.training import Losses, prepare, train

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
    network, update = prepare(anonymizer.generator, ctx, optimizer)
    pixels, val_pixels = Pixels(train_set.images, ctx.device), Pixels(val_set.images, ctx.device)

    def loss_of(images: Tensor) -> Tensor:
        return functional.mse_loss(anonymizer.apply(network(images).float(), images), images)

    def step(rows: Tensor) -> Losses:
        loss = loss_of(pixels[rows])
        update(loss)
        return {"loss": loss}

    def validate() -> Losses:
        return _mean_over_rows(len(val_pixels), lambda rows: {"loss": loss_of(val_pixels[rows])})

    train(
        anonymizer.generator,
        count=len(pixels),
        recipe=_recipe(anonymizer, anonymizer.params.pretrain_epochs),
        step=step,
        validate=validate,
        ctx=ctx,
        title=f"{anonymizer.name} pretraining",
    )


def deceive(anonymizer: Generating, train_set: Split, val_set: Split, guidance: Guidance, ctx: Context) -> None:
    """The game of the paper's Eqs. 4 to 6 against copies of the guidance, which learn along."""
    classifier, verifier = copy.deepcopy(guidance.classifier), copy.deepcopy(guidance.verifier)
    game = Game(anonymizer, classifier, verifier, ctx)
    train_pairs, val_pairs = PairBatches(train_set, ctx), PairBatches(val_set, ctx)

    def validate() -> Losses:
        classifier.eval()
        verifier.eval()
        return _mean_over_rows(len(val_pairs), lambda rows: game.generator_losses(val_pairs[rows]))

    train(
        anonymizer.generator,
        count=len(train_pairs),
        recipe=_recipe(anonymizer, anonymizer.params.epochs),
        step=lambda rows: game.step(train_pairs[rows]),
        validate=validate,
        ctx=ctx,
        title=f"{anonymizer.name} against the guidance",
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


class PairBatches:
    """Indexes the pairs of a split to batches on the device."""

    def __init__(self, split: Split, ctx: Context) -> None:
        self._pixels = Pixels(split.images, ctx.device)
        self._probe = torch.from_numpy(split.pairs.probe)
        self._reference = torch.from_numpy(split.pairs.reference)
        self._mated = torch.from_numpy(split.pairs.mated).float()
        self._labels = torch.from_numpy(split.labels)
        self._device = ctx.device

    def __len__(self) -> int:
        return len(self._probe)

    def __getitem__(self, rows: Tensor) -> Batch:
        probe = self._probe[rows]
        return Batch(
            probes=self._pixels[probe],
            references=self._pixels[self._reference[rows]],
            labels=self._labels[probe].to(self._device),
            mated=self._mated[rows].to(self._device),
        )


class Game:
    """Generator, auxiliary classifier and verifier, each with its optimizer, taking turns on a batch."""

    def __init__(self, anonymizer: Generating, classifier: nn.Module, verifier: nn.Module, ctx: Context) -> None:
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
        utility = label_loss(self._classify(anonymized).float(), batch.labels)
        privacy = functional.softplus(self._verify(anonymized, batch.references).float()).mean()
        return {"loss": utility + privacy, "classifier": utility, "verifier": privacy}

    def _update(self, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        optimizer.zero_grad()
        self._fabric.backward(loss)
        optimizer.step()


def _mean_over_rows(count: int, losses_of: Callable[[Tensor], dict[str, Tensor]]) -> dict[str, Tensor]:
    """The losses of all rows, read a batch at a time and weighted by its length."""
    sums: dict[str, Tensor] = {}
    for rows in torch.arange(count).split(_EVALUATION_BATCH):
        for name, value in losses_of(rows).items():
            sums[name] = sums.get(name, torch.zeros_like(value)) + value * len(rows)
    return {name: total / count for name, total in sums.items()}
