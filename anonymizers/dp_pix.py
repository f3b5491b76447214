"""DP-Pix: pixelization with Laplace noise (Fan, "Image Pixelization with Differential Privacy", DBSec 2018)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from privbench.base.params import Params
from privbench.plugins.interfaces import Anonymizer

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class DPPixParams(Params):
    b: int = Field(8, ge=1, description="side of a grid cell, in pixels")
    m: int = Field(1, ge=1, description="pixels in which neighbouring images may differ (m-neighbourhood)")
    epsilon: float = Field(0.1, gt=0, description="privacy budget; smaller is more private")


class DPPix(Anonymizer):
    """The mean of each b x b cell plus Laplace noise of scale m / (b² ε) on [0, 1] images, clipped.

    That is 255 m / (b² ε) on 8-bit images (PriCheXy-Net paper, section 1). Cells that the right or lower border cuts
    are averaged over the pixels they have, and get the larger noise that fewer pixels need.
    """

    name = "dp-pix"
    deterministic = False
    Params = DPPixParams

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        from .cells import cell_means, cell_sizes, spread
        from .draws import laplace

        b = self.params.b
        cells = cell_means(images, b)
        noise = laplace(cells.shape, generator).to(cells)
        noisy = cells + noise * self.params.m / (cell_sizes(images, b) * self.params.epsilon)
        height, width = images.shape[-2:]
        return spread(noisy, b, (height, width)).clamp(0, 1)
