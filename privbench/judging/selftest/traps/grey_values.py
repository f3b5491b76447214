"""Traps that change grey values where they are, all images alike. Whoever knows the change takes it back."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .drawn import Drawn, eight_bits, number, uniform


class Inversion(Drawn):
    """Turns black into white, at 0.6 of the contrast or more: whoever stretches and inverts it has the image."""

    name = "trap-inversion"
    version = "2"
    deterministic = True

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        draws = self.draws()
        darkest, brightest = uniform(draws, 0, 0.2), uniform(draws, 0.8, 1)
        return brightest - (brightest - darkest) * images


class Gamma(Drawn):
    """Bends the grey curve, by an exponent between 1.5 and 3 or its reciprocal: the order of grey values stays."""

    name = "trap-gamma"
    version = "2"
    deterministic = True

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        draws = self.draws()
        exponent = uniform(draws, 1.5, 3)
        return images ** (exponent if number(draws, 2) else 1 / exponent)


class Pattern(Drawn):
    """Adds the same strong pattern to every image, at half the contrast, so that nothing is clipped."""

    name = "trap-pattern"
    deterministic = True

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        noise = torch.rand(1, 1, *images.shape[-2:], generator=self.draws())
        return (images + noise.to(images.device)) / 2


class Curve(Drawn):
    """Sends grey values along one curve that rises and falls, with two to four turning points.

    Each of the 256 grey values gets one of its own, its rank on the curve: an engineer's table brings it back, and a
    radiologist follows the folded shades along the edges of organs.
    """

    name = "trap-curve"
    deterministic = True

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        return self._table().to(images)[eight_bits(images)] / 255

    def _table(self) -> Tensor:
        """What becomes of each grey value. Shape: (256,), int64."""
        draws = self.draws()
        parts, falls_first = 3 + number(draws, 3), number(draws, 2)
        widths = 1 + torch.rand(parts, generator=draws)
        ends = np.append(0, np.cumsum(widths.numpy())) / float(widths.sum())
        curve = np.interp(np.arange(256) / 255, ends, (np.arange(parts + 1) + falls_first) % 2)
        return torch.from_numpy(curve.argsort(kind="stable").argsort())


class Key(Drawn):
    """Adds a key, another grey value for each pixel, modulo 256; whoever has the key subtracts it."""

    name = "trap-key"
    deterministic = True

    def anonymize(self, images: Tensor, generator: torch.Generator) -> Tensor:
        key = torch.randint(256, (1, 1, *images.shape[-2:]), generator=self.draws())
        return ((eight_bits(images) + key.to(images.device)) % 256).to(images.dtype) / 255


GREY_VALUES: tuple[type[Drawn], ...] = (Inversion, Gamma, Pattern, Curve, Key)
