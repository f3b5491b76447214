"""Traps that move pixels, all images alike. Every pixel is still there: whoever knows the way takes it back."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from .blocks import block_grid, reordered
from .drawn import Drawn, DrawnParams, number


class Mirror(Drawn):
    """Swaps left and right, or turns upside down."""

    name = "trap-mirror"
    version = "2"
    deterministic = True

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        return images.flip(-1 - number(self.draws(), 2))


class Rotation(Drawn):
    """Turns by 90, 180 or 270 degrees."""

    name = "trap-rotation"
    version = "2"
    deterministic = True

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        return images.rot90(1 + number(self.draws(), 3), (-2, -1))


class ShuffleParams(DrawnParams):
    block: int = Field(8, ge=1, description="side of a block, in pixels")


class Shuffle(Drawn):
    """Cuts the image into blocks and puts them in an order of its own."""

    name = "trap-shuffle"
    deterministic = True
    Params = ShuffleParams

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        rows, columns = block_grid(images, self.params.block)
        return reordered(images, self.params.block, torch.randperm(rows * columns, generator=self.draws()))


class WarpParams(DrawnParams):
    strength: float = Field(0.8, ge=0, lt=1, description="steepest displacement, of that which would fold the image")


class Warp(Drawn):
    """Bends every image along one smooth, strong field of displacements.

    The border stays where it is, and neighbours never change places, so that no part of the image is lost.
    """

    name = "trap-warp"
    version = "2"
    deterministic = True
    Params = WarpParams

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        size = list(images.shape[-2:])
        still = functional.affine_grid(torch.eye(2, 3)[None], [1, 1, *size], align_corners=True)
        grid = (still + self._field(size).permute(0, 2, 3, 1)).to(images.device).expand(len(images), -1, -1, -1)
        return functional.grid_sample(images, grid, padding_mode="border", align_corners=True).clamp(0, 1)

    def _field(self, size: list[int]) -> Tensor:
        """Where each pixel is taken from, relative to its place. Shape: (1, 2, H, W), in half sides of the image."""
        knots = functional.pad(torch.randn(1, 2, 2, 2, generator=self.draws()), (1, 1, 1, 1))
        field = functional.interpolate(knots, size, mode="bicubic", align_corners=True)
        along_x = field[..., :-1, 1:] - field[..., :-1, :-1]
        along_y = field[..., 1:, :-1] - field[..., :-1, :-1]
        # Steps of a pixel, of which a half side has (side - 1) / 2. Below 1 in Frobenius' norm nothing folds.
        slopes = torch.cat([along_x * (size[1] - 1) / 2, along_y * (size[0] - 1) / 2], dim=1)
        return field * self.params.strength / slopes.norm(dim=1).max()


GEOMETRY: tuple[type[Drawn], ...] = (Mirror, Rotation, Shuffle, Warp)
