"""Fewer pixels: what is left where images are published as thumbnails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from privbench.base.errors import PrivbenchError
from privbench.base.params import Params
from privbench.plugins.interfaces import Anonymizer

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class DownsampleParams(Params):
    side: int = Field(16, ge=1, description="side of the small image, in pixels")


class Downsample(Anonymizer):
    """Makes the image small, bilinear with antialiasing, and as large as before again, bilinear."""

    name = "downsample"
    deterministic = True
    Params = DownsampleParams

    def check_size(self, size: int) -> None:
        if self.params.side >= size:
            raise PrivbenchError(
                f"downsample makes images of {self.params.side} pixels a side, and those of the data have {size}: set "
                "side lower."
            )

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        from torch.nn.functional import interpolate

        height, width = images.shape[-2:]
        small = interpolate(images, (self.params.side,) * 2, mode="bilinear", antialias=True)
        return interpolate(small, (height, width), mode="bilinear").clamp(0, 1)
