"""Takes away the picture that lies over an image, where it is one of those that the attacker holds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from ..cross_correlation import centred
from .portraits import sample_by_size, sample_of
from .undo import BATCH, OwnPairs, Undo, as_floats, as_images, shrunk

_COVERS = 8192
_SIDE = 64  # pixels, at which covers are told apart: those of larger images would take gigabytes


@dataclass(frozen=True)
class Uncovering(Undo):
    """The likest of the attacker's originals, taken away as far as it is in the release; what is left is stretched.

    Shape: originals (n, 1, H, W), uint8; rows (n,), int64, theirs among the attacker's; mean (P,) and spread (), those
    of the originals.
    """

    originals: Tensor
    rows: Tensor
    mean: Tensor
    spread: Tensor

    def __call__(self, images: Tensor) -> Tensor:
        return self._left(images, None)

    def of_examples(self, examples: OwnPairs) -> Tensor:
        undone = torch.empty(examples.released.shape, dtype=torch.uint8)
        for rows in torch.arange(len(undone)).split(BATCH):
            undone[rows] = self._left(torch.from_numpy(examples.released[rows.numpy()]), rows)
        return undone

    @cached_property
    def _covers(self) -> Tensor:
        """What releases are compared with: the originals, small and of length 1. Shape: (n, p), float."""
        return torch.cat([centred(_small(part)) for part in self.originals.split(BATCH)])

    def _left(self, images: Tensor, own: Tensor | None) -> Tensor:
        """What is left without the cover, which is none of the `own` originals. Shape: (N, 1, H, W), uint8."""
        likeness = centred(_small(images)) @ self._covers.T
        if own is not None:
            likeness[own[:, None] == self.rows] = -torch.inf
        shown, cover = (centred(as_floats(one)) for one in (images, self.originals[likeness.argmax(1)]))
        left = shown - (shown * cover).sum(1, keepdim=True) * cover
        left = left / left.std(1, keepdim=True).clamp(min=1e-6) * self.spread
        return as_images(self.mean + left, images)


def fit_uncovering(examples: OwnPairs, rng: np.random.Generator) -> Uncovering:
    """All originals of the attacker, up to some thousands, are thought of as covers."""
    rows = sample_of(examples.originals, _COVERS, rng)
    originals = examples.originals[rows]
    flat = as_floats(torch.from_numpy(originals[sample_by_size(originals, _COVERS, rng)]))
    mean = flat.mean(0)
    return Uncovering(torch.from_numpy(originals), torch.from_numpy(rows), mean, (flat - mean).std())


def _small(images: Tensor) -> Tensor:
    """What is compared. Shape: (N, 1, H, W), uint8, to (N, p), float."""
    return shrunk(images.float() / 255, _SIDE).flatten(1)
