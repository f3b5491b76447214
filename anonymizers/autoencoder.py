"""A small convolutional autoencoder: an image to a short code, and a code to an image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from privbench.base.errors import PrivbenchError
from privbench.learning.context import Context, Pixels
from privbench.learning.generators import global_seed
from privbench.learning.networks import outputs_of
from privbench.learning.recipes import Recipe
from privbench.learning.training import adam

from .reconstruction import learn_to_return

_GRID = 8  # pixels, to which levels halve the image before it becomes a code
_WIDEST = 4  # times the first level's filters


class Built(Protocol):
    """How it is built and trained: `LatentParams`, which tells the fields."""

    codes: int
    width: int
    epochs: int
    batch_size: int
    learning_rate: float


def levels_of(size: int) -> int:
    """How often images of that side are halved. Raises PrivbenchError where that does not come out even."""
    levels = max((size - 1).bit_length() - _GRID.bit_length() + 1, 1)
    if size % 2**levels:
        raise PrivbenchError(
            f"The autoencoder halves images {levels} times, so their side has to be a multiple of {2**levels}, and is "
            f"{size}: set data.size."
        )
    return levels


class Autoencoder(nn.Module):
    """Levels of a 3 x 3 convolution with stride 2, batch norm and ReLU, and back by nearest upsampling.

    `mean` and `spread` are those of the training images' codes, number by number, once they are known.
    """

    mean: Tensor
    spread: Tensor
    size: Tensor

    def __init__(self, size: int, codes: int, width: int) -> None:
        super().__init__()
        levels = levels_of(size)
        widths = [width * min(2**level, _WIDEST) for level in range(levels)]
        self._shape = (widths[-1], size >> levels, size >> levels)
        grid = widths[-1] * (size >> levels) ** 2
        down = [_level(before, after, 2) for before, after in zip([1, *widths], widths, strict=False)]
        self.encoder = nn.Sequential(*down, nn.Flatten(), nn.Linear(grid, codes))
        self.start = nn.Linear(codes, grid)
        up = [_level(before, after, 1) for before, after in zip(widths[::-1], [*widths[-2::-1], width], strict=True)]
        self.levels = nn.ModuleList(up)
        self.paint = nn.Conv2d(width, 1, kernel_size=3, padding=1)
        self.register_buffer("mean", torch.zeros(codes))
        self.register_buffer("spread", torch.ones(codes))
        self.register_buffer("size", torch.tensor(size))
        self.to(memory_format=torch.channels_last)  # the faster layout for convolutions

    def encode(self, images: Tensor) -> Tensor:
        """Shape: (N, 1, H, W), float in [0, 1], to (N, codes), around 0 with a spread of 1 over training images."""
        return (self.encoder(images) - self.mean) / self.spread

    def decode(self, codes: Tensor) -> Tensor:
        """Shape: (N, codes), as `encode` gives them, to (N, 1, H, W), float in [0, 1]."""
        hidden = self.start(codes * self.spread + self.mean).relu().unflatten(1, self._shape)
        for level in self.levels:
            hidden = level(functional.interpolate(hidden, scale_factor=2))
        return torch.sigmoid(self.paint(hidden))

    def forward(self, images: Tensor) -> Tensor:
        return self.decode(self.encode(images))


def trained(params: Built, images: np.ndarray, val_images: np.ndarray, ctx: Context) -> Autoencoder:
    """One that learnt to return its input, by mean squared error, and knows how its codes spread.

    Shape: (N, 1, H, W), uint8, each.
    """
    with global_seed(ctx.derive("autoencoder")):
        autoencoder = Autoencoder(images.shape[-1], params.codes, params.width)
    recipe = Recipe(
        epochs=params.epochs,
        batch_size=params.batch_size,
        learning_rate=params.learning_rate,
        schedule="one-cycle",
    )
    learn_to_return(autoencoder, adam(autoencoder, recipe, len(images)), images, val_images, recipe, ctx, "autoencoder")
    pixels = Pixels(images, ctx.device)
    codes = outputs_of(autoencoder, len(pixels), lambda rows: (pixels[rows],), autoencoder.encode, ctx)
    autoencoder.mean.copy_(codes.mean(0))
    autoencoder.spread.copy_(codes.std(0).clamp(min=1e-6))
    return autoencoder.eval()


def restored(params: Built, state: Mapping[str, Tensor]) -> Autoencoder:
    """The one that this state is of, in evaluation mode, on the CPU."""
    autoencoder = Autoencoder(int(state["size"]), params.codes, params.width)
    autoencoder.load_state_dict(state)
    return autoencoder.eval()


def _level(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel_size=3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )
