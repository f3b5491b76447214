"""How an adversarial anonymizer learns: first to return its input, then against the guidance, which learns along."""

from __future__ import annotations

import copy
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from privbench.data.splits import Split
from privbench.learning.classifier import label_loss
from privbench.learning.clock import phase
from privbench.learning.context import Context
from privbench.learning.guidance import Guidance
from privbench.learning.recipes import Recipe
from privbench.learning.training import Losses, mean_over_rows, train
from privbench.learning.updating import fused, set_up

from .adversaries import Adversary, Batch
from .reconstruction import learn_to_return


class Generating(Protocol):
    """An anonymizer as its training knows it: a network, and what makes images of its output."""

    generator: nn.Module
    params: Any

    @property
    def name(self) -> str: ...

    def apply(self, output: Tensor, images: Tensor) -> Tensor: ...


def reconstruct(anonymizer: Generating, train_set: Split, val_set: Split, ctx: Context) -> None:
    """The generator learns to return its input: mean squared error, Adam."""
    params, generator = anonymizer.params, anonymizer.generator
    optimizer = torch.optim.Adam(generator.parameters(), lr=params.pretrain_learning_rate, fused=fused(ctx.device))
    learn_to_return(
        generator,
        (optimizer,),
        train_set.images,
        val_set.images,
        _recipe(anonymizer, params.pretrain_epochs),
        ctx,
        f"{anonymizer.name} pretraining",
        anonymizer.apply,
    )


def deceive(
    anonymizer: Generating, train_set: Split, val_set: Split, guidance: Guidance, adversary: Adversary, ctx: Context
) -> None:
    """The game of the paper's Eqs. 4 to 6 against a copy of the guidance's classifier and an adversary, who both learn
    along.
    """
    classifier = copy.deepcopy(guidance.classifier)
    game = Game(anonymizer, classifier, adversary, ctx)
    batches, val_batches = adversary.training(train_set), adversary.validation(val_set)

    def validate() -> Losses:
        classifier.eval()
        adversary.network.eval()
        return mean_over_rows(
            len(val_batches), val_batches.side, lambda rows: game.generator_losses(val_batches[rows]), ctx.device
        )

    train(
        anonymizer.generator,
        count=len(batches),
        recipe=_recipe(anonymizer, anonymizer.params.epochs),
        step=lambda *batch: game.step(Batch(*batch)),
        validate=validate,
        ctx=ctx,
        title=f"{anonymizer.name} against the guidance",
        load=lambda rows: batches[rows],
    )


def _recipe(anonymizer: Generating, epochs: int) -> Recipe:
    params = anonymizer.params
    return Recipe(epochs=epochs, batch_size=params.batch_size, learning_rate=params.learning_rate)


class Game:
    """Generator, auxiliary classifier and adversary, each with its optimizer, taking turns on a batch."""

    def __init__(self, anonymizer: Generating, classifier: nn.Module, adversary: Adversary, ctx: Context) -> None:
        params, fabric = anonymizer.params, ctx.fabric
        self._apply, self._fabric = anonymizer.apply, fabric
        self._classifier, self._adversary = classifier, adversary
        generator = anonymizer.generator
        adam = torch.optim.Adam(generator.parameters(), lr=params.learning_rate, fused=fused(ctx.device))
        descent = torch.optim.SGD(
            classifier.parameters(),
            lr=params.classifier_learning_rate,
            momentum=0.9,
            weight_decay=1e-4,
            fused=fused(ctx.device),
        )
        self._generate, self._generator_steps = set_up(generator, adam, ctx)
        self._classify, self._classifier_steps = set_up(classifier, descent, ctx)

    def generator_losses(self, batch: Batch) -> dict[str, Tensor]:
        """Eqs. 2 to 4: the classifier's cross entropy on F(x1) plus how surely the adversary links it."""
        return self._losses_of(self._anonymized(batch.probes), batch)

    def step(self, batch: Batch) -> dict[str, Tensor]:
        """One update of the generator, then of the classifier (Eq. 5), then of the adversary (Eq. 6)."""
        for judge in (self._classifier, self._adversary.network):
            judge.eval().requires_grad_(False)
        anonymized = self._anonymized(batch.probes)
        losses = self._losses_of(anonymized, batch)
        self._update(self._generator_steps, losses["loss"])

        anonymized = anonymized.detach()
        for judge in (self._classifier, self._adversary.network):
            judge.train().requires_grad_(True)
        self._update(self._classifier_steps, label_loss(self._classify(anonymized).float(), batch.labels))
        self._adversary.learn(anonymized, batch)
        return losses

    def _anonymized(self, images: Tensor) -> Tensor:
        return self._apply(self._generate(images).float(), images)

    def _losses_of(self, anonymized: Tensor, batch: Batch) -> dict[str, Tensor]:
        utility = label_loss(self._classify(anonymized).float(), batch.labels)
        privacy = self._adversary.privacy(anonymized, batch)
        return {"loss": utility + privacy, "classifier": utility, "verifier": privacy}

    def _update(self, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        optimizer.zero_grad()
        with phase("backward"):
            self._fabric.backward(loss)
        with phase("optimizer"):
            optimizer.step()
