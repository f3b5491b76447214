"""Gaussian blur, as photographs of people are blurred."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pydantic import Field

from privbench.base.params import Params
from privbench.plugins.interfaces import Anonymizer

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_REACH = 4  # standard deviations, beyond which a weight is below 0.0004 of the largest


class BlurParams(Params):
    sigma: float = Field(2, gt=0, description="standard deviation of the Gaussian, in pixels")


class Blur(Anonymizer):
    """Smooths with a Gaussian filter, borders replicated."""

    name = "blur"
    deterministic = True
    Params = BlurParams

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        from .smoothing import smooth

        sigma = self.params.sigma
        return smooth(images, sigma, math.ceil(_REACH * sigma)).clamp(0, 1)
