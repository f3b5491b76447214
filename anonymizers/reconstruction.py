"""How a network learns to return the image that it is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from privbench.learning.context import Context, Pixels
from privbench.learning.recipes import Recipe
from privbench.learning.training import Losses, mean_over_rows, train
from privbench.learning.updating import Update

Optimizing = tuple[torch.optim.Optimizer] | tuple[torch.optim.Optimizer, Callable[[], None]]
"""What moves the weights and, if anything, what moves its rate after each step."""


def learn_to_return(
    network: nn.Module,
    optimizing: Optimizing,
    images: np.ndarray,
    val_images: np.ndarray,
    recipe: Recipe,
    ctx: Context,
    title: str,
    paint: Callable[[Any, Tensor], Tensor] = lambda output, images: output,
) -> None:
    """Trains it by mean squared error; the epoch that does best on validation images is kept, or the recipe's last.

    Args:
        network: takes images, and puts out what `paint` makes images of, beside the ones that went in.
        optimizing: over the network's weights.
        images: that it learns from. Shape: (N, 1, H, W), uint8.
        val_images: that it is judged by. Shape: (N, 1, H, W), uint8.
        recipe: epochs and batch size.
        ctx: knows device and precision, and takes the curves.
        title: what curves and messages call the training.
        paint: the output as images; by default they are what is put out. Shape: to (N, 1, H, W), float in [0, 1].
    """
    update = Update(network, ctx, *optimizing, title=title)
    pixels, val_pixels = Pixels(images, ctx.device), Pixels(val_images, ctx.device)

    def loss_of(output: Tensor, wanted: Tensor) -> Tensor:
        return functional.mse_loss(paint(output.float(), wanted), wanted)

    def step(wanted: Tensor) -> Losses:
        return {"loss": update((wanted,), lambda output: loss_of(output, wanted))}

    def losses(rows: Tensor) -> dict[str, Tensor]:
        wanted = val_pixels[rows]
        return {"loss": loss_of(update.network(wanted), wanted)}

    train(
        network,
        count=len(pixels),
        recipe=recipe,
        step=step,
        validate=lambda: mean_over_rows(len(val_pixels), val_pixels.side, losses, ctx.device),
        ctx=ctx,
        title=title,
        load=lambda rows: (pixels[rows],),
    )
