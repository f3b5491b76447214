"""The orthonormal Haar transform of images, its coefficients laid out as an image of the same size."""

from __future__ import annotations

from collections.abc import Iterator

import torch

_HALF = 0.5


def transform(images: torch.Tensor, levels: int) -> torch.Tensor:
    """The coefficients of images (..., S, S), S a multiple of 2^levels: the coarsest band in the corner."""
    found = images.clone()
    for level in range(levels):
        side = images.shape[-1] >> level
        a, b, c, d = _corners(found[..., :side, :side].clone())
        parts = (a + b + c + d, a - b + c - d, a + b - c - d, a - b - c + d)
        for (rows, columns), part in zip(_quarters(side // 2), parts, strict=True):
            found[..., rows, columns] = part * _HALF
    return found


def inverse(coefficients: torch.Tensor, levels: int) -> torch.Tensor:
    """The images that have these coefficients."""
    images = coefficients.clone()
    for level in reversed(range(levels)):
        side = images.shape[-1] >> level
        a, b, c, d = (images[..., rows, columns].clone() for rows, columns in _quarters(side // 2))
        parts = (a + b + c + d, a - b + c - d, a + b - c - d, a - b - c + d)
        for corner, part in zip(_corners(images[..., :side, :side]), parts, strict=True):
            corner.copy_(part * _HALF)
    return images


def bands(side: int, levels: int) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of each band in coefficients of that side: the coarsest first, then details, coarse to fine."""
    yield _quarters(side >> levels)[0]
    for level in reversed(range(1, levels + 1)):
        yield from _quarters(side >> level)[1:]


def _corners(images: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Of each square of 2 x 2 pixels the upper left, upper right, lower left and lower right one."""
    return tuple(images[..., row::2, column::2] for row in (0, 1) for column in (0, 1))


def _quarters(side: int) -> tuple[tuple[slice, slice], ...]:
    low, high = slice(0, side), slice(side, 2 * side)
    return (low, low), (low, high), (high, low), (high, high)
