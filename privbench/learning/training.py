"""The one training loop: epochs, selection on validation loss, early stopping."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext

import torch
from torch import Tensor, nn

from ..base.errors import PrivbenchError
from .clock import Clock, phase
from .context import Context
from .recipes import Recipe

Losses = Mapping[str, Tensor]


def shuffled_batches(count: int, batch_size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Row numbers in random order, a batch at a time; a last batch of one is left out (batch norm needs two)."""
    for rows in torch.randperm(count, generator=generator).split(batch_size):
        if len(rows) > 1 or count == 1:
            yield rows


def steps_per_epoch(count: int, batch_size: int) -> int:
    """How many batches `shuffled_batches` yields."""
    full, rest = divmod(count, batch_size)
    return full + (rest > 1 or count == 1)


def adam(network: nn.Module, recipe: Recipe, count: int) -> tuple[torch.optim.Optimizer, Callable[[], None]]:
    """Adam over the network's weights, and what to call after each step to move the learning rate."""
    optimizer = torch.optim.Adam(network.parameters(), lr=recipe.learning_rate, fused=True)
    if recipe.schedule == "constant":
        return optimizer, lambda: None
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=recipe.learning_rate,
        total_steps=recipe.epochs * steps_per_epoch(count, recipe.batch_size) + 1,
    )
    return optimizer, cycle.step


def prepare(
    network: nn.Module, ctx: Context, optimizer: torch.optim.Optimizer, move_rate: Callable[[], None] = lambda: None
) -> tuple[nn.Module, Callable[[Tensor], None]]:
    """What a training step calls: the network, on the device and in the run's precision, and its update by a loss.

    Args:
        network: what is trained; it moves to the device.
        ctx: knows device and precision.
        optimizer: over the network's weights.
        move_rate: called after each of the optimizer's steps, as `adam` returns it; the default leaves the rate alone.
    """
    prepared, fabric_optimizer = ctx.fabric.setup(network, optimizer)

    def update(loss: Tensor) -> None:
        fabric_optimizer.zero_grad()
        with phase("backward"):
            ctx.fabric.backward(loss)
        with phase("optimizer"):
            fabric_optimizer.step()
            move_rate()

    return prepared, update


def train(
    network: nn.Module,
    *,
    count: int,
    recipe: Recipe,
    step: Callable[[Tensor], Losses],
    validate: Callable[[], Losses],
    ctx: Context,
    title: str,
) -> None:
    """Trains the network and leaves it, in evaluation mode, as it was after its best epoch or its last.

    The last is the better choice where few validation patients make the loss jump and the schedule ends the training.

    Args:
        network: what is trained, selected and restored.
        count: the number of training rows (images or pairs).
        recipe: epochs, batch size and patience; the optimizer is the step's own affair.
        step: takes a batch of row numbers, updates the weights, and returns named losses.
        validate: returns named losses; the one named "loss" selects the epoch.
        ctx: receives the curves and the times, and shows the progress.
        title: what the curves and messages call this training.

    Raises:
        PrivbenchError: the loss is no longer finite.
    """
    shuffle = ctx.torch_generator(title, "shuffle")
    steps = steps_per_epoch(count, recipe.batch_size)
    best_loss, best_epoch, best_state = math.inf, -1, None
    clock = Clock(ctx.device, title)
    with ctx.progress.task(title, total=recipe.epochs * steps) as advance:
        for epoch in range(recipe.epochs):
            network.train()
            sums: dict[str, Tensor] = {}
            with clock.epoch():
                for number, rows in enumerate(shuffled_batches(count, recipe.batch_size, shuffle)):
                    with clock.counted() if epoch == number == 0 else nullcontext():
                        losses = step(rows)
                    for name, value in losses.items():
                        sums[name] = sums.get(name, torch.zeros((), device=value.device)) + value.detach()
                    advance()
                network.eval()
                with torch.no_grad():
                    with phase("waiting"):
                        row = {f"train_{name}": float(total) / steps for name, total in sums.items()}
                    with clock.validation():
                        row |= {f"val_{name}": float(value) for name, value in validate().items()}
            ctx.times.append(clock.read(epoch, steps))
            ctx.curves.append({"stage": ctx.stage, "training": title, "epoch": epoch, **row})
            if not all(math.isfinite(value) for value in row.values()):
                raise PrivbenchError(
                    f"{title} diverged in epoch {epoch + 1} (its loss is not finite): lower its learning rate."
                )
            advance(0, note=f"val loss {row['val_loss']:.4f}")
            if row["val_loss"] < best_loss or recipe.keep == "last":
                best_loss, best_epoch = row["val_loss"], epoch
                best_state = {key: value.clone() for key, value in network.state_dict().items()}
            elif recipe.patience is not None and epoch - best_epoch >= recipe.patience:
                break
    assert best_state is not None  # a finite loss is below infinity
    network.load_state_dict(best_state)
