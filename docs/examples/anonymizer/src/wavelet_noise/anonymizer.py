"""An anonymizer that keeps the coarse bands of an image, under noise, and takes the fine ones from nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from pydantic import Field

from privbench import Anonymizer, Params, PrivbenchError

from .haar import bands, inverse, transform

if TYPE_CHECKING:
    from privbench.interfaces import Context, Guidance, Split

_BATCH = 256


class WaveletNoiseParams(Params):
    levels: int = Field(3, ge=1, le=6, description="how often the image is halved")
    kept: int = Field(1, ge=1, le=19, description="how many bands are kept, from the coarsest on")
    strength: float = Field(3, gt=0, description="standard deviation of the noise, in those of the kept band")


class WaveletNoise(Anonymizer):
    """Adds normal noise to the coarse Haar bands, in each as much as patients differ there; details become the mean's.

    White noise of one strength drowns the fine bands and leaves the coarse ones, which tell who it is. Here the ratio
    of signal to noise is the same in all bands that are kept, 1 / strength, and the others are those of the mean of
    all training images.
    """

    name = "wavelet-noise"
    version = "1"
    deterministic = False
    Params = WaveletNoiseParams

    def check_size(self, size: int) -> None:
        if size % 2**self.params.levels:
            raise PrivbenchError(
                f"wavelet-noise halves images {self.params.levels} times, and those of the data have {size} pixels a "
                "side: set levels lower."
            )

    def fit(self, train: Split, val: Split, guidance: Guidance, ctx: Context) -> None:
        images = torch.tensor(train.images)
        found = torch.cat([transform(one.float() / 255, self.params.levels) for one in images.split(_BATCH)])
        varying = found.var(0, correction=0)[0]
        self._mean = found.mean(0)[0]
        self._spreads = torch.stack([varying[band].mean() for band in self._kept(images.shape[-1])]).sqrt()

    def anonymize(self, images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        coefficients = transform(images.cpu(), self.params.levels)
        released = self._mean.expand_as(coefficients).clone()
        # Uniform values are drawn one by one, so that an image's noise does not hang on the batch that it is in.
        uniform = torch.rand(images.shape, generator=generator, dtype=torch.float64).clamp(min=1e-16)
        noise = torch.special.ndtri(uniform).float() * self.params.strength
        for spread, (rows, columns) in zip(self._spreads, self._kept(images.shape[-1]), strict=True):
            band = (..., rows, columns)
            released[band] = coefficients[band] + spread * noise[band]
        return inverse(released, self.params.levels).clamp(0, 1).to(images)

    def state(self) -> dict[str, torch.Tensor]:
        return {"mean": self._mean, "spreads": self._spreads}

    def load_state(self, state: dict[str, torch.Tensor], device: torch.device) -> None:
        self._mean, self._spreads = state["mean"].cpu(), state["spreads"].cpu()

    def _kept(self, side: int) -> list[tuple[slice, slice]]:
        return list(bands(side, self.params.levels))[: self.params.kept]
