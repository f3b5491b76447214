"""Which original is an image most like, whatever small thing was done to it: pure functions of grey values.

A copy may be mirrored, turned, inverted, cropped or shifted by little, given another grey curve, compressed, or made
noisy. Likeness is the size of a correlation of local contrasts, in which thoraces differ far more than in their shades,
once both are laid upon each other.

That is dear, so a coarse search finds a few candidates among all originals: of each image it keeps some low
frequencies, of which a mirror image has the same but for signs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .alignment import aligned, likeness, likeness_of_parts, shifted
from .local_contrast import averaged, equalized, local_contrast

_SIDE, _HALF = 48, 24  # pixels; what is finer, compression and noise take away; half as many are enough to lay on
_WAVES = 10  # frequencies along each axis
_CANDIDATES = 2
_SHIFTS = [(down, across) for down in (-1, 0, 1) for across in (-1, 0, 1)]
"""That are tried in the coarse search, in pixels; some also of an image that is taken for cropped."""
_CROPPED = 0.95
_TIE = 0.002  # of likeness, which noise decides on
_BATCH, _BLOCK = 256, 512  # what fits a processor's caches
_PIXELS = 2**19  # that are described at once

_MIRRORED = torch.tensor([[1.0, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]])
"""Signs of the four groups of frequencies (even or odd down the image, then across it) in the image as it is, mirrored
left to right, upside down, and both."""


@dataclass(frozen=True)
class Described:
    """What images are compared by: grey values without their curve, their local contrast, and low frequencies of that.

    Shape: pixels (N, S, S), uint8; contrast (N, S, S), float16; waves (N, 4, n), float32, in four groups, of length 1,
    or zero where an image is of one grey value.
    """

    pixels: Tensor
    contrast: Tensor
    waves: Tensor

    def __getitem__(self, rows: slice | Tensor) -> Described:
        return Described(*(getattr(self, field.name)[rows] for field in fields(self)))


class Nearest(NamedTuple):
    """The most alike original of each image, as a row of the originals; -1 where nothing is alike.

    Shape: rows (N,), int64; likeness (N,), float32, 0 to 1.
    """

    rows: np.ndarray
    likeness: np.ndarray


@torch.no_grad()
def describe(images: np.ndarray, device: torch.device) -> Described:
    """Describes images. Shape: (N, 1, H, H), uint8, to N."""
    batch = max(1, _PIXELS // images.shape[-1] ** 2)
    parts = [_described(torch.from_numpy(np.array(images[rows, 0])).to(device)) for rows in _parts(len(images), batch)]
    return Described(*(torch.cat([getattr(part, field.name) for part in parts]) for field in fields(Described)))


@torch.no_grad()
def nearest(
    images: Described, originals: Described, *, own: np.ndarray | None = None, visits: np.ndarray | None = None
) -> Nearest:
    """The most alike original of each image.

    Args:
        images: what may be copies.
        originals: what they may be copies of; their pixels were as many as those of the images.
        own: the row of each image's own original, which is taken where hardly another one is more alike, as where the
            originals hold it twice. Shape: (N,), int.
        visits: where images are compared with themselves, of each a number; those of one number are not compared, as
            two pictures of one visit are alike, and no copies. Shape: (N,), int.
    """
    device = images.waves.device
    own_rows, numbers = (None if one is None else torch.as_tensor(one, device=device) for one in (own, visits))
    rows, alike = [], []
    for part in _parts(len(images.waves)):
        together = None if numbers is None else numbers[part, None] == numbers
        found, much = _nearest(images[part], originals, None if own_rows is None else own_rows[part], together)
        rows.append(found.cpu().numpy())
        alike.append(much.cpu().numpy())
    return Nearest(np.concatenate(rows), np.concatenate(alike))


def _nearest(
    images: Described, originals: Described, own: Tensor | None, together: Tensor | None
) -> tuple[Tensor, Tensor]:
    """Those rows, and how alike they are. Shape: own (n,), int; together (n, N), bool, which are not compared."""
    candidates = _candidates(images.contrast.float(), originals.waves, together)
    if own is not None:
        candidates = torch.cat([own[:, None], candidates], 1)
    roughly = torch.stack([_laid_on(images, originals[rows]).likeness for rows in candidates.unbind(1)], 1)
    if together is not None:
        roughly = roughly.masked_fill(together.gather(1, candidates), 0)
    most, place = roughly.max(1)
    if own is not None:
        place = place.masked_fill(roughly[:, 0] >= most - _TIE, 0)
    rows = candidates.gather(1, place[:, None])[:, 0]
    alike = _compared(images, originals[rows]).masked_fill(most == 0, 0)
    return rows.masked_fill(alike == 0, -1), alike.clamp(0, 1)


def _parts(count: int, size: int = _BATCH) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, count, size))


def _described(images: Tensor) -> Described:
    """Shape: (N, H, H), uint8."""
    pixels = averaged(equalized(images), min(_SIDE, images.shape[-1]))
    contrast = local_contrast(pixels)
    return Described(pixels, contrast.half(), _waves(contrast))


def _waves(contrast: Tensor) -> Tensor:
    """The low frequencies of the cosine transform, in four groups, of length 1. Shape: (N, S, S) to (N, 4, n)."""
    cosines = _cosines(contrast.shape[-1], contrast.device)
    waves = cosines @ contrast @ cosines.T
    groups = torch.stack([waves[:, down::2, across::2].flatten(1) for down in (0, 1) for across in (0, 1)], 1)
    return (groups / groups.square().sum((1, 2), keepdim=True).sqrt()).nan_to_num()


@cache
def _cosines(side: int, device: torch.device) -> Tensor:
    waves, place = torch.arange(min(_WAVES, side // 2 * 2))[:, None], torch.arange(side)
    return (torch.cos(torch.pi * waves * (2 * place + 1) / (2 * side)) / (1 + (waves == 0)).sqrt()).to(device)


def _candidates(contrast: Tensor, originals: Tensor, together: Tensor | None) -> Tensor:
    """The rows of the originals that are most alike in the coarse search. Shape: (n, S, S), (N, 4, w) to (n, k)."""
    before = _zoom(contrast.shape[-1], _CROPPED).to(contrast.device)
    whole = before @ contrast @ before.T
    tried = [contrast.roll(shift, (1, 2)) for shift in _SHIFTS]
    tried += [whole.roll(shift, (1, 2)) for shift in _SHIFTS[::2]] + [contrast.transpose(1, 2)]
    variants = [_waves(one) for one in tried]
    best, rows = contrast.new_empty((len(contrast), 0)), torch.empty((len(contrast), 0), dtype=torch.long)
    rows = rows.to(contrast.device)
    for part in _parts(len(originals), _BLOCK):
        alike = _alike(variants[0], originals[part])
        for waves in variants[1:]:
            torch.maximum(alike, _alike(waves, originals[part]), out=alike)
        if together is not None:
            alike.masked_fill_(together[:, part], -1)
        found, places = alike.topk(min(_CANDIDATES, alike.shape[1]), dim=1)
        best, order = torch.cat([best, found], 1).sort(dim=1, descending=True, stable=True)
        rows = torch.cat([rows, places + part.start], 1).gather(1, order)[:, :_CANDIDATES]
        best = best[:, :_CANDIDATES]
    return rows


def _alike(waves: Tensor, originals: Tensor) -> Tensor:
    """The largest correlation of all mirror images, whatever its sign. Shape: (n, 4, w), (N, 4, w) to (n, N)."""
    even, across, down, both = (waves[:, group] @ originals[:, group].T for group in range(4))
    one, other = (even + down).abs_(), (even - down).abs_()
    one += (across + both).abs_()
    other += (across - both).abs_()
    return torch.maximum(one, other)


def _transposed(waves: Tensor) -> Tensor:
    """Those of the image with rows and columns exchanged. Shape: (n, 4, w)."""
    side = round(waves.shape[2] ** 0.5)
    return waves.view(len(waves), 4, side, side).transpose(2, 3)[:, [0, 2, 1, 3]].flatten(2)


def _zoom(side: int, factor: float) -> Tensor:
    """What magnifies about the centre, linearly, when it is multiplied from both sides; zero beyond. Shape: (S, S)."""
    place, centre = torch.arange(side), (side - 1) / 2
    return (1 - (centre + (place[:, None] - centre) / factor - place).abs()).clamp(min=0)


class _LaidOn(NamedTuple):
    """Images as they fit the originals best: which of the eight positions of a square, how moved, how alike so.

    Shape: moving (n, S, S), their contrast in that position; maps (n, 3, 3); likeness (n,), of half as many pixels.
    """

    moving: Tensor
    maps: Tensor
    likeness: Tensor


def _laid_on(images: Described, originals: Described) -> _LaidOn:
    moving = _turned(images, originals)
    side = min(_HALF, moving.shape[-1])
    one, other = (functional.adaptive_avg_pool2d(each, side) for each in (moving, originals.contrast.float()))
    maps = aligned(one, other, shifted(one, other), steps=3)
    return _LaidOn(moving, maps, likeness(one, other, maps))


def _compared(images: Described, originals: Described) -> Tensor:
    """The likeness of each image to the original beside it. Shape: (n,)."""
    moving, maps, _ = _laid_on(images, originals)
    maps = aligned(moving, originals.contrast.float(), maps, steps=1)
    return likeness_of_parts(moving, originals.pixels, maps)


def _turned(images: Described, originals: Described) -> Tensor:
    """The contrast of the images in that of the eight positions of a square which fits the originals best. (n, S, S)"""
    groups = [(one * originals.waves).sum(2) for one in (images.waves, _transposed(images.waves))]
    position = (torch.stack(groups, 1) @ _MIRRORED.T.to(images.waves)).abs().flatten(1).argmax(1)[:, None, None]
    contrast = images.contrast.float()
    contrast = torch.where(position >= 4, contrast.transpose(1, 2), contrast)
    contrast = torch.where(position % 2 == 1, contrast.flip(2), contrast)
    return torch.where(position % 4 >= 2, contrast.flip(1), contrast)
