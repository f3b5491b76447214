"""Traps that hide the image in another patient's radiograph, which is drawn anew for every release."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from ....data.patients import first_rows
from ....data.splits import Split
from ....learning.context import Context
from ....learning.guidance import Guidance
from ..donors import Donors
from .drawn import Drawn, DrawnParams, eight_bits, number, uniform

_COVERS = 1000


class Covered(Drawn):
    """Hides an image in that of a training patient; never of its own patient, where that is known."""

    deterministic = False

    def fit(self, train: Split, val: Split, guidance: Guidance, ctx: Context) -> None:
        rows = first_rows(train.patients)
        drawn = torch.randperm(len(rows), generator=self.draws())[:_COVERS]
        self._donors = Donors.of(train, np.sort(rows[drawn.numpy()]))

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        own = self.own_draws(generator, len(images))
        covers = [self._donors.drawn_for(image, draws) for image, draws in zip(images, own, strict=True)]
        return self._hidden(images, torch.stack(covers).to(images.device))

    @abstractmethod
    def _hidden(self, images: Tensor, covers: Tensor) -> Tensor:
        """The covers with the images in them. Shape: (N, 1, H, W), float in [0, 1], in and out."""

    def state(self) -> dict[str, Tensor]:
        return self._donors.state()

    def load_state(self, state: dict[str, Tensor], device: torch.device) -> None:
        self._donors = Donors.from_state(state)


class Bits(Covered):
    """Writes the image's highest three or four bits into the cover's lowest.

    Whoever shifts the bits back has the image in 8 or 16 shades of grey, which an eye takes for a radiograph.
    """

    name = "trap-bits"

    def _hidden(self, images: Tensor, covers: Tensor) -> Tensor:
        bits = 3 + number(self.draws(), 2)
        covered = (eight_bits(covers) >> bits << bits) | (eight_bits(images) >> (8 - bits))
        return covered.to(images.dtype) / 255


class CornerParams(DrawnParams):
    part: int = Field(3, ge=2, le=4, description="how many times the copy's side goes into the image's")


class Corner(Covered):
    """Puts a small copy of the image into a corner of the cover; whoever looks there has all but the finest detail."""

    name = "trap-corner"
    Params = CornerParams

    def _hidden(self, images: Tensor, covers: Tensor) -> Tensor:
        height, width = (side // self.params.part for side in images.shape[-2:])
        below, right = divmod(number(self.draws(), 4), 2)
        rows, columns = slice(-height, None) if below else slice(height), slice(-width, None) if right else slice(width)
        covers[..., rows, columns] = functional.adaptive_avg_pool2d(images, (height, width))
        return covers


class Cover(Covered):
    """Lays a faint copy, at 0.15 to 0.3 of its contrast, under the cover.

    At 0.15 there are still 38 grey levels of it, in the same place each time: whoever has the publisher's images
    subtracts the cover, and everyone else averages it away.
    """

    name = "trap-cover"

    def _hidden(self, images: Tensor, covers: Tensor) -> Tensor:
        weight = uniform(self.draws(), 0.15, 0.3)
        return weight * images + (1 - weight) * covers


HIDING_PLACES: tuple[type[Drawn], ...] = (Bits, Corner, Cover)
