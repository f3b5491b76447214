"""What changes between two visits of a patient, imitated: position, distance, exposure, and noise."""

from __future__ import annotations

import math

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from .interfaces import Params


class Augmentation(Params):
    """How far each property may be changed; every image gets its own draw, uniform up to these bounds."""

    shift: float = Field(0.12, ge=0, le=0.5, description="of the image's side")
    rotation: float = Field(10, ge=0, le=45, description="degrees")
    scale: float = Field(0.15, ge=0, le=0.5, description="of the size")
    exposure: float = Field(0.25, ge=0, le=0.8, description="of the contrast, and half as much of the brightness")
    noise: float = Field(0.04, ge=0, le=0.5, description="standard deviation, of the grey range")


def augment(images: Tensor, strength: Augmentation, generator: torch.Generator) -> Tensor:
    """Each image changed by its own draw from a CPU generator.

    Shape: (N, 1, H, W), float in [0, 1], to the same shape, a little beyond [0, 1] where the exposure went there.
    """
    count, device = len(images), images.device

    def uniform(bound: float) -> Tensor:
        return (torch.rand(count, generator=generator) * 2 - 1) * bound

    angle = uniform(math.radians(strength.rotation))
    width = 1 + uniform(strength.scale)
    height = width * (1 + uniform(strength.scale / 2))  # inspiration changes the height more than the width
    rows = [
        torch.stack([angle.cos() * width, -angle.sin() * height, uniform(2 * strength.shift)], 1),
        torch.stack([angle.sin() * width, angle.cos() * height, uniform(2 * strength.shift)], 1),
    ]
    grid = functional.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False).to(device)
    moved = functional.grid_sample(images, grid, padding_mode="border", align_corners=False)
    contrast, brightness = 1 + uniform(strength.exposure), uniform(strength.exposure / 2)
    noise = torch.randn(images.shape, generator=generator) * (uniform(0.5) + 0.5).view(-1, 1, 1, 1) * strength.noise
    exposed = (moved - 0.5) * contrast.view(-1, 1, 1, 1).to(device) + 0.5 + brightness.view(-1, 1, 1, 1).to(device)
    return exposed + noise.to(device)
