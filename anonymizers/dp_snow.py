"""Snow: pixels that are replaced by grey ones (John et al., "Let It Snow", ETRA 2020 Adjunct)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from privbench.base.params import Params
from privbench.plugins.interfaces import Anonymizer

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_GREY = 127 / 255


class DPSnowParams(Params):
    p: float = Field(0.5, gt=0, lt=1, description="probability that a pixel is replaced; δ is 1 - p")


class DPSnow(Anonymizer):
    """Replaces each pixel, by itself and with probability p, by the grey value 127 of 255.

    Whether one pixel has this value or that is then told with probability 1 - p alone: (0, 1 - p)-differential privacy
    for images that differ in one pixel. For those that differ in m pixels it is (0, 1 - p^m).
    """

    name = "dp-snow"
    deterministic = False
    Params = DPSnowParams

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        from .draws import uniform

        replaced = uniform(images.shape, generator) < self.params.p
        return images.masked_fill(replaced.to(images.device), _GREY)
