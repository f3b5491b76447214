"""Traps that change each image in a way of its own, drawn anew for every release. One look tells which way it was."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from .blocks import block_grid, reordered
from .drawn import Drawn, DrawnParams, eight_bits, number

_SEGMENTS = 8


class PerImage(Drawn):
    """Changes an image by draws of its own."""

    deterministic = False

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        own = self.own_draws(generator, len(images))
        return torch.stack([self._changed(image, draws) for image, draws in zip(images, own, strict=True)])

    @abstractmethod
    def _changed(self, image: Tensor, draws: torch.Generator) -> Tensor:
        """The image as it is released. Shape: (1, H, W), float in [0, 1], in and out."""


class Turns(PerImage):
    """Turns each image by a quarter turn of its own, or mirrors it: spine and heart tell what is up and left."""

    name = "trap-turns"

    def _changed(self, image: Tensor, draws: torch.Generator) -> Tensor:
        turned = image.rot90(number(draws, 4), (-2, -1))
        return turned.flip(-1) if number(draws, 2) else turned


class Shifts(PerImage):
    """Shifts each image cyclically by a way of its own: what leaves on one side enters on the other, at a seam."""

    name = "trap-shifts"

    def _changed(self, image: Tensor, draws: torch.Generator) -> Tensor:
        height, width = image.shape[-2:]
        return image.roll((number(draws, height), number(draws, width)), (-2, -1))


class Tones(PerImage):
    """Bends each image's grey values along a rising curve of its own, and inverts about half of the images.

    The order of grey values stays, or is turned round: equalizing the histogram takes the curve away, and air that
    is bright tells an inverted image. No slope is less than a ninth of another, so that 8 bits keep most shades.
    """

    name = "trap-tones"

    def _changed(self, image: Tensor, draws: torch.Generator) -> Tensor:
        slopes = 3 ** (2 * torch.rand(_SEGMENTS, generator=draws) - 1)
        heights = np.append(0, np.cumsum(slopes.numpy())) / float(slopes.sum())
        curve = np.interp(np.arange(256) / 255, np.linspace(0, 1, _SEGMENTS + 1), heights).clip(0, 1)
        table = torch.from_numpy(1 - curve if number(draws, 2) else curve)
        return table.to(image)[eight_bits(image)]


class JigsawParams(DrawnParams):
    pieces: int = Field(4, ge=2, le=16, description="pieces along each side")


class Jigsaw(PerImage):
    """Cuts each image into pieces and lays them in an order of its own: their edges tell which belong together."""

    name = "trap-jigsaw"
    Params = JigsawParams

    def _changed(self, image: Tensor, draws: torch.Generator) -> Tensor:
        side = max(image.shape[-1] // self.params.pieces, 1)
        rows, columns = block_grid(image[None], side)
        return reordered(image[None], side, torch.randperm(rows * columns, generator=draws))[0]


PER_IMAGE: tuple[type[Drawn], ...] = (Turns, Shifts, Tones, Jigsaw)
