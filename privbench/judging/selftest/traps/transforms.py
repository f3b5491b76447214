"""Traps that spread every pixel over the whole image, all images alike. The transform has an inverse."""

from __future__ import annotations

import torch
from torch import Tensor

from .drawn import Drawn, number

_CONTRAST = 0.5
"""Mixed pixels scatter as the image's own do about grey, with long tails: at half of it next to none is clipped."""
_SOFTNESS = 0.05
"""Coefficients below it are laid out linearly, those above by their logarithm."""


class Mixing(Drawn):
    """Mixes all pixels, linearly and orthogonally: in an order and with signs of its own, through Hartley's transform.

    As the mixing is orthogonal, 8-bit rounding becomes an error of half a grey level when it is turned back.
    """

    name = "trap-mixing"
    deterministic = True

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        draws, pixels = self.draws(), images[0].numel()
        order = torch.randperm(pixels, generator=draws).to(images.device)
        signs = (2 * torch.randint(2, (pixels,), generator=draws) - 1).to(images)
        shuffled = (images - 0.5).flatten(1)[:, order] * signs
        return (0.5 + _CONTRAST * hartley(shuffled.view_as(images))).clamp(0, 1)


class Spectrum(Drawn):
    """The image's Fourier transform as a picture: grey for 0, brighter or darker by sign and logarithm.

    It is the real form of the transform, Hartley's, which is its own inverse. The zero frequency lies at a place of
    the seed's, and so does the sign. 8 bits leave each coefficient's size known to a few percent.
    """

    name = "trap-spectrum"
    deterministic = True

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        draws, (height, width) = self.draws(), images.shape[-2:]
        place, sign = (number(draws, height), number(draws, width)), 1 - 2 * number(draws, 2)
        coefficients = sign * hartley(images - 0.5)
        largest = torch.tensor(0.5 * (height * width) ** 0.5).to(images)  # of an image that is black or white
        sizes = torch.log1p(coefficients.abs() / _SOFTNESS) / torch.log1p(largest / _SOFTNESS)
        return (0.5 + 0.5 * coefficients.sign() * sizes).clamp(0, 1).roll(place, (-2, -1))


def hartley(images: Tensor) -> Tensor:
    """The discrete Hartley transform over rows and columns: real, orthogonal and its own inverse.

    Shape: (..., H, W), float, to the same.
    """
    spectrum = torch.fft.fft2(images, norm="ortho")
    return spectrum.real - spectrum.imag


TRANSFORMS: tuple[type[Drawn], ...] = (Mixing, Spectrum)
