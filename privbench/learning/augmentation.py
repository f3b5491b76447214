"""What changes between two visits of a patient, imitated: position, distance, exposure, and noise."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from .clock import phase
from .recipes import Augmentation


def augment(images: Tensor, strength: Augmentation, generator: torch.Generator) -> Tensor:
    """Each image changed by its own draw from a generator of the images' device.

    Shape: (N, 1, H, W), float in [0, 1], to the same shape, a little beyond [0, 1] where the exposure went there.
    """
    return vary(images, strength, generator)[0]


@phase("data")
def vary(images: Tensor, strength: Augmentation | None, generator: torch.Generator) -> tuple[Tensor, Tensor | None]:
    """The augmented images and how they were moved; the images as they are, and None, where there is no strength."""
    if strength is None:
        return images, None
    moves = draw_moves(len(images), strength, generator)
    return _expose(move(images, moves), strength, generator), moves


def draw_moves(count: int, strength: Augmentation, generator: torch.Generator) -> Tensor:
    """Rotation, size and place of each image. Shape: (count, 2, 3), affine maps as `affine_grid` takes them."""
    angle = _uniform(math.radians(strength.rotation), count, generator)
    width = 1 + _uniform(strength.scale, count, generator)
    # Inspiration changes the height more than the width.
    height = width * (1 + _uniform(strength.scale / 2, count, generator))
    x, y = (_uniform(2 * strength.shift, count, generator) for _ in range(2))
    rows = [
        torch.stack([angle.cos() * width, -angle.sin() * height, x], 1),
        torch.stack([angle.sin() * width, angle.cos() * height, y], 1),
    ]
    return torch.stack(rows, 1)


def move(images: Tensor, moves: Tensor) -> Tensor:
    """Shape: (N, C, H, W), float, and (N, 2, 3) to (N, C, H, W); beyond the border its nearest pixel."""
    grid = functional.affine_grid(moves, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="border", align_corners=False)


def _expose(images: Tensor, strength: Augmentation, generator: torch.Generator) -> Tensor:
    count = len(images)
    contrast = 1 + _uniform(strength.exposure, count, generator)
    brightness = _uniform(strength.exposure / 2, count, generator)
    noise = torch.randn(images.shape, generator=generator, device=images.device)
    noise *= (_uniform(0.5, count, generator) + 0.5).view(-1, 1, 1, 1) * strength.noise
    exposed = (images - 0.5) * contrast.view(-1, 1, 1, 1) + 0.5 + brightness.view(-1, 1, 1, 1)
    return exposed + noise


def _uniform(bound: float, count: int, generator: torch.Generator) -> Tensor:
    return (torch.rand(count, generator=generator, device=generator.device) * 2 - 1) * bound
