"""Anonymizers that hide identity in plain sight: whoever knows what they do undoes it.

Each does the same to every image. An attack that is trained on one kind of images and tested on another finds little
of the patient in them; everything is still there.
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from ...base.params import Params
from ...learning.generators import torch_generator
from ...plugins.interfaces import Anonymizer


class Inversion(Anonymizer):
    """Turns black into white."""

    name = "trap-inversion"
    deterministic = True

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        return 1 - images


class Mirror(Anonymizer):
    """Swaps left and right."""

    name = "trap-mirror"
    deterministic = True

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        return images.flip(-1)


class Rotation(Anonymizer):
    """Turns by 90 degrees."""

    name = "trap-rotation"
    deterministic = True

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        return images.rot90(1, (-2, -1))


class ShuffleParams(Params):
    block: int = Field(8, ge=1, description="side of a block, in pixels")


class Shuffle(Anonymizer):
    """Cuts the image into blocks and puts them in an order of its own, the same for every image."""

    name = "trap-shuffle"
    deterministic = True
    Params = ShuffleParams

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        count, channels, height, width = images.shape
        side = self.params.block
        rows, columns = height // side, width // side
        whole = images[..., : rows * side, : columns * side]  # a rest that fills no block stays where it is
        blocks = whole.reshape(count, channels, rows, side, columns, side).transpose(3, 4).flatten(2, 3)
        order = torch.randperm(rows * columns, generator=torch_generator(0, self.name))
        moved = blocks[:, :, order.to(images.device)].unflatten(2, (rows, columns)).transpose(3, 4)
        released = images.clone()
        released[..., : rows * side, : columns * side] = moved.reshape(whole.shape)
        return released


class WarpParams(Params):
    strength: float = Field(0.1, ge=0, le=0.3, description="standard deviation of the displacement, of the side")


class Warp(Anonymizer):
    """Bends every image along one smooth, strong field of displacements."""

    name = "trap-warp"
    deterministic = True
    Params = WarpParams

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        size = list(images.shape[-2:])
        coarse = torch.randn(1, 2, 6, 6, generator=torch_generator(0, self.name)) * 2 * self.params.strength
        field = functional.interpolate(coarse, size, mode="bicubic", align_corners=True)
        still = functional.affine_grid(torch.eye(2, 3)[None], [1, 1, *size], align_corners=True)
        grid = (still + field.permute(0, 2, 3, 1)).to(images.device).expand(len(images), -1, -1, -1)
        return functional.grid_sample(images, grid, padding_mode="reflection", align_corners=True).clamp(0, 1)


class GammaParams(Params):
    gamma: float = Field(3.0, gt=0, le=10, description="exponent")


class Gamma(Anonymizer):
    """Bends the grey curve."""

    name = "trap-gamma"
    deterministic = True
    Params = GammaParams

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        return images**self.params.gamma


class Pattern(Anonymizer):
    """Adds the same strong pattern to every image, at half the contrast, so that nothing is clipped."""

    name = "trap-pattern"
    deterministic = True

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        noise = torch.rand(1, 1, *images.shape[-2:], generator=torch_generator(0, self.name))
        return (images + noise.to(images.device)) / 2


PLAIN_SIGHT: tuple[type[Anonymizer], ...] = (Inversion, Mirror, Rotation, Shuffle, Warp, Gamma, Pattern)
