"""Pixelation, as faces are pixelated: dp-pix without its noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from privbench.base.params import Params
from privbench.plugins.interfaces import Anonymizer

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class PixelateParams(Params):
    b: int = Field(8, ge=1, description="side of a grid cell, in pixels")


class Pixelate(Anonymizer):
    """Shows the mean of each b x b cell in all of its pixels."""

    name = "pixelate"
    deterministic = True
    Params = PixelateParams

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        from .cells import cell_means, spread

        height, width = images.shape[-2:]
        return spread(cell_means(images, self.params.b), self.params.b, (height, width)).clamp(0, 1)
