"""Black boxes over regions of the chest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from pydantic import Field

from privbench.base.params import Params
from privbench.plugins.interfaces import Anonymizer

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class _Box(NamedTuple):
    """Where it begins and ends, from the top and from the left, in shares of the image's side."""

    top: float
    bottom: float
    left: float
    right: float


REGIONS = {
    "apices": (_Box(0.04, 0.32, 0.14, 0.46), _Box(0.04, 0.32, 0.54, 0.86)),
    "heart": (_Box(0.34, 0.88, 0.32, 0.8),),
    "lower-field": (_Box(0.6, 0.93, 0.04, 0.96),),
}
"""Boxes over the upper quarters of the lungs, the heart, and the lower part of both lungs, as phantoms have them."""


class MaskParams(Params):
    region: Literal["apices", "heart", "lower-field", "all"] = Field("all", description="what is covered")


class Mask(Anonymizer):
    """Paints black boxes at the same places of every image, wherever the organs of this one lie."""

    name = "mask"
    deterministic = True
    Params = MaskParams

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        chosen = REGIONS if self.params.region == "all" else {self.params.region: REGIONS[self.params.region]}
        released, (height, width) = images.clone(), images.shape[-2:]
        for box in (box for boxes in chosen.values() for box in boxes):
            rows = slice(round(box.top * height), round(box.bottom * height))
            released[..., rows, round(box.left * width) : round(box.right * width)] = 0
        return released
