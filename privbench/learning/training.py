"""The one training loop: epochs, selection on validation loss, early stopping."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn

from ..base.errors import OutOfMemory, PrivbenchError
from .ahead import Loaded, loaded_ahead
from .clock import Clock, phase
from .context import Context, batch_of
from .recipes import Recipe
from .updating import FEWEST, if_it_fits

Losses = Mapping[str, Tensor]

_EVALUATION_BATCH = 256  # images of 64 x 64 pixels, or as many pixels of larger ones


def shuffled_batches(
    count: int, batch_size: int, generator: torch.Generator, device: torch.device | None = None
) -> Iterator[Tensor]:
    """Row numbers in random order, a batch at a time; a last batch of one is left out (batch norm needs two).

    An epoch's rows go to the device at once, else they stay with the generator.
    """
    for rows in torch.randperm(count, generator=generator).to(device).split(batch_size):
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


def train(
    network: nn.Module,
    *,
    count: int,
    recipe: Recipe,
    step: Callable[..., Losses],
    validate: Callable[[], Losses],
    ctx: Context,
    title: str,
    load: Callable[[Tensor], Loaded] = lambda rows: (rows,),
) -> None:
    """Trains the network and leaves it, in evaluation mode, as it was after its best epoch or its last.

    The last is the better choice where few validation patients make the loss jump and the schedule ends the training.
    Within an epoch nothing waits for the device: losses are added up there, and the next batch is loaded meanwhile.

    Args:
        network: what is trained, selected and restored.
        count: the number of training rows (images or pairs).
        recipe: epochs, batch size and patience; the optimizer is the step's own affair.
        step: takes what was loaded, updates the weights, and returns named losses.
        validate: returns named losses; the one named "loss" selects the epoch.
        ctx: receives the curves and the times, and shows the progress.
        title: what the curves and messages call this training.
        load: takes a batch of row numbers, which lie on the device, and returns what the step takes of these rows. It
            draws what is random, and reads no weight.

    Raises:
        PrivbenchError: the loss is no longer finite.
        OutOfMemory: a batch does not fit the device's memory; it names the largest that does.
    """
    shuffle = ctx.torch_generator(title, "shuffle")
    steps = steps_per_epoch(count, recipe.batch_size)
    best_loss, best_epoch, best_state = math.inf, -1, None
    clock, begun = Clock(ctx.device, title), False
    with ctx.progress.task(title, total=recipe.epochs * steps) as advance:
        for epoch in range(recipe.epochs):
            network.train()
            sums: dict[str, Tensor] = {}
            order = shuffled_batches(count, recipe.batch_size, shuffle, ctx.device)
            with clock.epoch():
                for rows, batch in loaded_ahead(order, load, ctx.device):
                    if not begun:
                        losses = _first(step, batch, lambda size: load(rows[:size]), title, ctx)  # noqa: B023 - called at once
                    else:
                        with clock.counted():
                            losses = step(*batch)
                    begun = True
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
            split = {"at_once": ctx.split[title]} if title in ctx.split else {}
            ctx.curves.append({"stage": ctx.stage, "training": title, "epoch": epoch, **row, **split})
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


def _first(
    step: Callable[..., Losses], batch: Loaded, load: Callable[[int], Loaded], title: str, ctx: Context
) -> Losses:
    """The first step's losses. Where memory does not hold it, the training ends, and smaller batches are tried before.

    `load` gives the first so many rows of the batch.
    """
    losses = if_it_fits(lambda: step(*batch))
    if losses is not None:
        return losses
    size = whole = len(next(part for part in batch if part is not None))
    more = (
        "this training computes no batch in parts"
        if ctx.batch == "auto"
        else "or let --batch auto compute the protocol's batch in parts"
    )
    while size > FEWEST:
        size = max(size // 2, FEWEST)
        if if_it_fits(lambda: step(*load(size))) is not None:  # noqa: B023 - called at once
            raise OutOfMemory(
                f"The training {title!r} needs more memory than the device has for its batches of {whole}: {size} "
                f"would fit, so lower its batch size with --set; {more}."
            )
    raise OutOfMemory(
        f"The training {title!r} needs more memory than the device has, even for two rows at once: end other programs, "
        "lower data.size, or choose a smaller backbone with --set."
    )


def mean_over_rows(
    count: int, side: int, losses_of: Callable[[Tensor], dict[str, Tensor]], device: torch.device
) -> dict[str, Tensor]:
    """The losses of all rows, read a batch of images of that side at a time and weighted by its length."""
    sums: dict[str, Tensor] = {}
    for rows in torch.arange(count, device=device).split(batch_of(_EVALUATION_BATCH, side)):
        for name, value in losses_of(rows).items():
            sums[name] = sums.get(name, torch.zeros_like(value)) + value * len(rows)
    return {name: total / count for name, total in sums.items()}
