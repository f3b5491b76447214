"""Gaussian noise, of one strength for all images or of one signal-to-noise ratio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from privbench.base.params import Params
from privbench.plugins.interfaces import Anonymizer

if TYPE_CHECKING:
    import torch
    from torch import Tensor

_SIGMA = 0.1


class NoiseParams(Params):
    sigma: float | None = Field(
        None, gt=0, description=f"standard deviation, of the grey range; {_SIGMA} where no decibels are given either"
    )
    decibels: float | None = Field(
        None, ge=-60, le=60, description="signal-to-noise ratio of each image, in the place of sigma"
    )

    @model_validator(mode="after")
    def _told_in_one_way(self) -> NoiseParams:
        if self.sigma is not None and self.decibels is not None:
            raise ValueError("sigma and decibels both tell how strong the noise is: give one of them")
        return self


class GaussianNoise(Anonymizer):
    """Adds normal noise to every pixel, clipped to [0, 1].

    In decibels the noise of an image has its mean square grey value, of [0, 1], times 10^(-decibels / 10) as variance,
    so that a dark image gets less of it.
    """

    name = "noise"
    deterministic = False
    Params = NoiseParams

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        from .draws import normal

        noise = normal(images.shape, generator).to(images)
        return (images + self._strength(images) * noise).clamp(0, 1)

    def _strength(self, images: Tensor) -> Tensor | float:
        """The noise's standard deviation. Shape: (N, 1, 1, 1), or one for all."""
        params = self.params
        if params.decibels is None:
            return _SIGMA if params.sigma is None else params.sigma
        return images.square().mean((1, 2, 3), keepdim=True).sqrt() * 10 ** (-params.decibels / 20)
