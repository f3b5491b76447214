"""Noise that is drawn value by value, so that an image's does not hang on how images are batched.

torch draws uniform values one by one, and its own exponential and normal ones in blocks; so these are made of uniform
ones by inversion.
"""

from __future__ import annotations

import torch
from torch import Tensor

_LEAST = 2.0**-54  # half of the least uniform value above 0, which itself would become an infinite one


def uniform(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Uniform values in (0, 1), float64, on the CPU."""
    return torch.rand(shape, generator=generator, dtype=torch.float64).clamp_(min=_LEAST)


def laplace(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Standard Laplace noise, float64, on the CPU."""
    centred = uniform(shape, generator) - 0.5
    return -centred.sign() * torch.log1p(-2 * centred.abs())


def normal(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Standard normal noise, float64, on the CPU."""
    return torch.special.ndtri(uniform(shape, generator))


def radial_laplace(count: int, dimensions: int, generator: torch.Generator) -> Tensor:
    """Vectors of density proportional to exp(-|vector|): a uniform direction, and a length of Gamma(dimensions).

    Shape: (count, dimensions), float64, on the CPU.
    """
    values = uniform((count, 2, dimensions), generator)
    lengths, directions = -values[:, 0].log().sum(1, keepdim=True), torch.special.ndtri(values[:, 1])
    return lengths * torch.nn.functional.normalize(directions, dim=1)
