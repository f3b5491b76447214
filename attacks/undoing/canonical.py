"""Undoes what differs from image to image, as far as it is one of a few moves: each image's likeliest one is found.

Of all turns, shifts, tones or orders of parts that an image may have been given, one makes of it a radiograph, and a
model of originals knows which. No pair of a release and its original is needed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional

from privbench.learning.states import below

from .portraits import Portraits, portraits_of, sample_of
from .undo import OwnPairs, Undo, shrunk

_SIDE, _SMALL_SIDE = 32, 16  # pixels at which likelihoods are computed
_COMPONENTS, _OF_PARTS = 24, 8
_SAMPLES = 768  # originals of a model
_PARTED = 64  # pixels a side of an image whose parts are compared: of larger ones each part is averaged
_BATCH = 256


@dataclass(frozen=True)
class Canonical(Undo):
    """A family of moves, and a model of originals for it at every place that it asks for one."""

    family: str
    models: tuple[Portraits, ...]

    def __call__(self, images: Tensor) -> Tensor:
        move = FAMILIES[self.family].move
        return torch.cat([move(self.models, part) for part in images.split(_BATCH)])

    def state(self) -> dict[str, Tensor]:
        return {f"{n}.{key}": value for n, model in enumerate(self.models) for key, value in vars(model).items()}

    @classmethod
    def of_state(cls, family: str, state: Mapping[str, Tensor]) -> Canonical:
        """What `state` told."""
        count = 1 + max(int(key.partition(".")[0]) for key in state)
        return cls(family, tuple(Portraits(**below(f"{n}.", state)) for n in range(count)))


@dataclass(frozen=True)
class Family:
    """How the models of a family are made of originals, and how they move images."""

    models: Callable[[Tensor], tuple[Portraits, ...]]
    move: Callable[[tuple[Portraits, ...], Tensor], Tensor]


def fit_canonical(family: str, examples: OwnPairs, rng: np.random.Generator) -> Canonical:
    """The family with its models of originals; their releases are not looked at."""
    images = torch.from_numpy(examples.originals[sample_of(examples.originals, _SAMPLES, rng)])
    return Canonical(family, FAMILIES[family].models(images))


def _small(images: Tensor, side: int) -> Tensor:
    """Shape: (N, 1, H, W), uint8, to (N, 1, side, side), float in [0, 1], smaller ones as they are."""
    return shrunk(images.float() / 255, side)


def _whole(side: int) -> Callable[[Tensor], tuple[Portraits, ...]]:
    return lambda images: (portraits_of(_small(images, side).flatten(1), _COMPONENTS),)


def _turned(images: Tensor, negative: bool, mirrored: bool, quarters: int) -> Tensor:
    shown = 255 - images if negative else images
    return (shown.flip(-1) if mirrored else shown).rot90(quarters, (-2, -1))


def _rotated(images: Tensor, mirrored: bool, angle: float) -> Tensor:
    turn = torch.tensor([[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0]])
    grid = functional.affine_grid(turn.expand(len(images), 2, 3), list(images.shape), align_corners=False)
    shown = (images.flip(-1) if mirrored else images).float()
    return functional.grid_sample(shown, grid, padding_mode="border", align_corners=False).round().to(torch.uint8)


def _wrapped(images: Tensor, added: int) -> Tensor:
    return images + torch.tensor(added, dtype=torch.uint8)


_TURNS = [
    partial(_turned, negative=negative, mirrored=mirrored, quarters=quarters)
    for negative in (False, True)
    for mirrored in (False, True)
    for quarters in range(4)
]
_ROTATIONS = [
    partial(_rotated, mirrored=mirrored, angle=math.radians(angle))
    for mirrored in (False, True)
    for angle in range(0, 360, 10)
]
_WRAPS = [partial(_wrapped, added=added) for added in range(0, 256, 4)]


def _likeliest(ways: Sequence[Callable[[Tensor], Tensor]]) -> Callable[[tuple[Portraits, ...], Tensor], Tensor]:
    """Each image in the likeliest of those ways."""

    def move(models: tuple[Portraits, ...], images: Tensor) -> Tensor:
        small = (_small(images, _SIDE) * 255).round().to(torch.uint8)
        unlikely = [models[0].unlikelihood(way(small).flatten(1).float() / 255) for way in ways]
        best, moved = torch.stack(unlikely).argmin(0), images.clone()
        for number in best.unique().tolist():
            moved[best == number] = ways[number](images[best == number])
        return moved

    return move


def _shift(models: tuple[Portraits, ...], images: Tensor) -> Tensor:
    """Cyclic shifts, all at once by way of the Fourier transform."""
    unlikely, side = _shift_unlikelihood(models[0], images)
    best = unlikely.flatten(1).argmin(1)
    return _rolled(images, best // side, best % side, side)


def _turn_and_shift(models: tuple[Portraits, ...], images: Tensor) -> Tensor:
    ways = [way(images) for way in _TURNS]
    unlikely, side = zip(*(_shift_unlikelihood(models[0], way) for way in ways), strict=True)
    flat = torch.stack([one.flatten(1) for one in unlikely], 1)
    best = flat.flatten(1).argmin(1)
    way, place = best // flat.shape[2], best % flat.shape[2]
    turned = torch.stack(ways, 1)[torch.arange(len(images)), way]
    return _rolled(turned, place // side[0], place % side[0], side[0])


def _shift_unlikelihood(model: Portraits, images: Tensor) -> tuple[Tensor, int]:
    """What each cyclic shift is worth. Shape: (N, 1, H, W), uint8, to (N, side, side); and the side."""
    side = int(model.mean.numel() ** 0.5)
    small = _small(images, side)[:, 0]
    spectrum = torch.fft.rfft2(small)
    patterns = torch.cat([model.mean[None], model.basis]).view(-1, side, side)
    # The inner product of every shift of the image with every pattern.
    products = torch.fft.irfft2(spectrum[:, None].conj() * torch.fft.rfft2(patterns), s=(side, side))
    own, mean = model.basis @ model.mean, model.mean.square().sum()
    known = (products[:, 1:] - own.view(-1, 1, 1)).square()
    total = small.square().sum((1, 2))[:, None, None] + mean - 2 * products[:, 0]
    weight = (1 / model.variance - 1 / model.noise).view(-1, 1, 1)
    return (known * weight).sum(1) + total / model.noise, side


def _rolled(images: Tensor, down: Tensor, right: Tensor, side: int) -> Tensor:
    """Each image shifted by its own steps of a side-th. Shape: (N, 1, H, W), uint8; (N,), int, twice."""
    height, width = images.shape[-2:]
    rows = (torch.arange(height) - (down * height // side)[:, None]) % height
    columns = (torch.arange(width) - (right * width // side)[:, None]) % width
    number = torch.arange(len(images))[:, None, None]
    return images[:, 0][number, rows[:, :, None], columns[:, None, :]][:, None]


def _tone_models(images: Tensor) -> tuple[Portraits, ...]:
    """The originals' model with their grey values made alike, and the grey values that an image has on average."""
    greys = (images.flatten(1).float() / 255).sort(1).values.mean(0)
    alike = torch.cat([_alike(greys, part) for part in images.split(_BATCH)])
    model = portraits_of(_small(alike, _SIDE).flatten(1), _COMPONENTS)
    nothing = torch.zeros(0)
    return model, Portraits(greys, nothing, nothing, nothing)


def _alike(greys: Tensor, images: Tensor) -> Tensor:
    """Images with those grey values, in each image's own order of brightness. Shape: (P,), (N, 1, H, W), uint8."""
    order = images.flatten(1).float().argsort(dim=1, stable=True)
    made = torch.empty(len(images), greys.numel()).scatter_(1, order, greys.expand(len(images), -1))
    return (made * 255).round().to(torch.uint8).view_as(images)


def _tone(models: tuple[Portraits, ...], images: Tensor) -> Tensor:
    """Any rising or falling curve of grey values."""
    ways = torch.stack([_alike(models[1].mean, way) for way in (images, 255 - images)], 1)
    small = _small(ways.flatten(0, 1), _SIDE).flatten(1)
    best = models[0].unlikelihood(small).view(len(images), -1).argmin(1)
    return ways[torch.arange(len(images)), best]


def _parts(rows: int, columns: int) -> Family:
    """Parts of the image, so many below and beside one another, in any order: each goes where it is likeliest."""

    def cut(images: Tensor) -> Tensor:
        """Shape: (N, 1, H, W) to (N, rows · columns, h, w); a rest that fills no part is left out."""
        height, width = images.shape[-2] // rows, images.shape[-1] // columns
        whole = images[:, 0, : rows * height, : columns * width]
        return whole.unflatten(1, (rows, height)).unflatten(3, (columns, width)).transpose(2, 3).flatten(1, 2)

    def seen(images: Tensor) -> Tensor:
        """What is compared. Shape: (N, 1, H, W), uint8, to (N, rows · columns, pixels), float in [0, 1]."""
        parts = cut(images.float() / 255)
        if images.shape[-1] > _PARTED:
            parts = functional.adaptive_avg_pool2d(parts, (_PARTED // rows, _PARTED // columns))
        return parts.flatten(2)

    def models(images: Tensor) -> tuple[Portraits, ...]:
        parts = torch.cat([seen(part) for part in images.split(_BATCH)])
        return tuple(portraits_of(parts[:, place], _OF_PARTS) for place in range(parts.shape[1]))

    def move(models: tuple[Portraits, ...], images: Tensor) -> Tensor:
        parts = seen(images)
        costs = torch.stack([model.unlikelihood(parts.flatten(0, 1)).view(parts.shape[:2]) for model in models], 2)
        # linear_sum_assignment gives each place, in order, the part that goes there.
        places = torch.from_numpy(np.stack([linear_sum_assignment(cost.T.numpy())[1] for cost in costs]))
        moved = cut(images)[torch.arange(len(images))[:, None], places]
        height, width = images.shape[-2] // rows, images.shape[-1] // columns
        placed = images.clone()
        whole = moved.unflatten(1, (rows, columns)).transpose(2, 3).flatten(3, 4).flatten(1, 2)
        placed[:, 0, : rows * height, : columns * width] = whole
        return placed

    return Family(models, move)


FAMILIES: dict[str, Family] = {
    "turns": Family(_whole(_SIDE), _likeliest(_TURNS)),
    "rotations": Family(_whole(_SIDE), _likeliest(_ROTATIONS)),
    "wraps": Family(_whole(_SIDE), _likeliest(_WRAPS)),
    "shifts": Family(_whole(_SIDE), _shift),
    "turns and shifts": Family(_whole(_SMALL_SIDE), _turn_and_shift),
    "tones": Family(_tone_models, _tone),
    **{
        f"{rows} x {columns} parts": _parts(rows, columns) for rows, columns in ((2, 2), (4, 4), (8, 8), (8, 1), (1, 8))
    },
}
"""By name. An order of parts is found where each place of originals looks different from the others."""
