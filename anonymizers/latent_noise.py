"""A baseline: noise on an autoencoder's codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from .latent import LatentAnonymizer, LatentParams

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class LatentNoiseParams(LatentParams):
    sigma: float = Field(1, gt=0, description="standard deviation of the noise, of the training images' codes")


class LatentNoise(LatentAnonymizer):
    """Paints the image of a code with normal noise on it."""

    name = "latent-noise"
    deterministic = False
    Params = LatentNoiseParams

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        from .draws import normal

        codes = self.autoencoder.encode(images)
        return self.autoencoder.decode(codes + self.params.sigma * normal(codes.shape, generator).to(codes))
