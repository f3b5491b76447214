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
        import torch
        from torch.nn import functional

        b = self.params.b
        cells = functional.avg_pool2d(images, b, ceil_mode=True, count_include_pad=False)
        pixels = functional.avg_pool2d(torch.ones_like(images[:1]), b, ceil_mode=True, divisor_override=1)
        noise = _laplace(cells.shape, generator).to(cells)
        noisy = cells + noise * self.params.m / (pixels * self.params.epsilon)
        spread = noisy.repeat_interleave(b, dim=2).repeat_interleave(b, dim=3)
        return spread[..., : images.shape[2], : images.shape[3]].clamp(0, 1)


def _laplace(shape: torch.Size, generator: torch.Generator) -> Tensor:
    """Standard Laplace noise, float64, by inversion.

    torch draws uniforms one by one, so an image's noise does not depend on how images are batched, which
    torch's own exponential draws would make it.
    """
    import torch

    centred = torch.rand(shape, generator=generator, dtype=torch.float64) - 0.5
    return -centred.sign() * torch.log1p(-2 * centred.abs())
