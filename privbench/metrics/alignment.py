"""How alike two pictures are where they fit best: shifted, magnified, turned or sheared by little."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

from .local_contrast import local_contrast

_REACH = 16
"""Shifts of up to this part of the side are tried; from the best one on, an affine map is fitted."""
_LONGEST_STEP = 0.1  # of half a side
_LARGEST_GAIN = 3.0


def shifted(moving: Tensor, fixed: Tensor) -> Tensor:
    """The maps by the shift, in whole pixels, at which the correlation of two pictures is largest, whatever its sign.

    They lead from places of the fixed picture to those of the moving one, which go from -1 to 1 across a picture.
    Shape: (n, S, S) each to (n, 3, 3).
    """
    side = fixed.shape[-1]
    reach = torch.arange(-(side // _REACH), side // _REACH + 1, device=fixed.device)
    spectrum = torch.fft.rfft2(moving) * torch.fft.rfft2(fixed).conj()
    near = torch.fft.irfft2(spectrum, s=fixed.shape[1:])[:, reach][..., reach].flatten(1)
    place = near.abs().argmax(1)
    maps = torch.eye(3, device=fixed.device).repeat(len(place), 1, 1)
    maps[:, 0, 2] = reach[place % len(reach)] * 2 / side
    maps[:, 1, 2] = reach[place // len(reach)] * 2 / side
    return maps


def aligned(moving: Tensor, fixed: Tensor, maps: Tensor, steps: int) -> Tensor:
    """Affine maps from places of the fixed picture to those of the moving one, which fit better than those given.

    Least squares of local contrast, whatever its sign, by so many inverse compositional steps (Baker & Matthews 2004,
    section 3.2). Places go from -1 to 1 across a picture. Shape: (n, S, S), (n, S, S), (n, 3, 3) to (n, 3, 3).
    """
    count, side = fixed.shape[:2]
    found = maps
    places = _places(side, fixed.device)
    down, across = (torch.gradient(fixed, dim=dim)[0].flatten(1) * side / 2 for dim in (1, 2))
    slopes = torch.stack([across, down], 1)
    squares = torch.stack([across.square(), across * down, down.square()], 1) @ _products(places)
    same, mixed, other = squares.view(count, 3, 3, 3).unbind(1)
    curvature = torch.cat([torch.cat([same, mixed], 2), torch.cat([mixed, other], 2)], 1)
    steady = 1e-3 * curvature.diagonal(dim1=1, dim2=2).mean(1) + 1e-6
    curvature = curvature + steady[:, None, None] * torch.eye(6, device=fixed.device)
    for _ in range(steps):
        fitted, inside = _sampled(moving, found)
        gain = (fitted * fixed * inside).sum((1, 2)) / (fitted.square() * inside).sum((1, 2)).clamp(min=1e-6)
        error = (fitted * gain.clamp(-_LARGEST_GAIN, _LARGEST_GAIN)[:, None, None] - fixed) * inside
        steepest = ((slopes * error.flatten(1)[:, None]) @ places).flatten(1)
        step = torch.linalg.solve(curvature, steepest).clamp(-_LONGEST_STEP, _LONGEST_STEP)
        change = torch.eye(3, device=fixed.device).repeat(count, 1, 1)
        change[:, :2] += step.view(count, 2, 3)
        found = found @ torch.linalg.inv(change)
    return found


def likeness(moving: Tensor, fixed: Tensor, maps: Tensor) -> Tensor:
    """The size of the correlation of two pictures where both are. Shape: (n, S, S) each; (n, 3, 3); to (n,), 0 to 1."""
    fitted, inside = _sampled(moving, maps)
    return _correlation(fitted, fixed, inside)


def likeness_of_parts(moving: Tensor, originals: Tensor, maps: Tensor) -> Tensor:
    """The size of the correlation of local contrasts, once the original is cut as the image is.

    Its grey values are moved before their contrast is taken, so that of a copy which shows a part of it the edges are
    compared with the same edges.

    Args:
        moving: the local contrast of the images. Shape: (n, S, S).
        originals: the grey values of the originals. Shape: (n, S, S), uint8.
        maps: from places of the originals to those of the images. Shape: (n, 3, 3).

    Returns:
        Shape: (n,), 0 to 1.
    """
    moved, inside = _sampled(originals.float(), torch.linalg.inv(maps), beyond="border")
    return _correlation(moving, local_contrast(moved.round()), inside)


def _correlation(one: Tensor, other: Tensor, inside: Tensor) -> Tensor:
    both, first, second = ((product * inside).sum((1, 2)) for product in (one * other, one.square(), other.square()))
    return (both / (first * second).sqrt()).nan_to_num().abs()


def _sampled(pictures: Tensor, maps: Tensor, beyond: str = "zeros") -> tuple[Tensor, Tensor]:
    """What the pictures show at the places that the maps lead to, and where these lie within. Shape: (n, S, S) each."""
    count, side = pictures.shape[:2]
    grid = functional.affine_grid(maps[:, :2], [count, 1, side, side], align_corners=False)
    shown = functional.grid_sample(pictures[:, None], grid, padding_mode=beyond, align_corners=False)[:, 0]
    return shown, (grid.abs() <= 1).all(-1).float()


@cache
def _places(side: int, device: torch.device) -> Tensor:
    """Of each pixel how far it lies across and down, and one. Shape: (S * S, 3)."""
    along = (torch.arange(side, device=device) + 0.5) * 2 / side - 1
    down, across = torch.meshgrid(along, along, indexing="ij")
    return torch.stack([across.flatten(), down.flatten(), torch.ones_like(across).flatten()], 1)


def _products(places: Tensor) -> Tensor:
    """Of each pixel the products of each two of the three. Shape: (P, 3) to (P, 9)."""
    return (places[:, :, None] * places[:, None, :]).flatten(1)
